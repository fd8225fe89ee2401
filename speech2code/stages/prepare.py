"""Stage `prepare`: speech pairs → feature store."""

from dataclasses import asdict

from speech2code.config import Config
from speech2code.corpora.prepare import FREE
from speech2code.corpora.prepare import prepare as prepare_corpus
from speech2code.stages.folders import data_folder, reuse_target, run_folder
from speech2code.stages.record import stage


def prepare(config: Config) -> None:
    """Speech pairs → feature store; and, of `donor`, what that has learnt of the same target speech."""
    settings = {name: value for name, value in asdict(config.corpus).items() if name not in FREE}
    with stage(run_folder(config), "prepare", {"corpus": settings}) as figures:
        whole = (data_folder(config) / "corpus.json").exists()
        if figures is not None or not whole:  # done once, but the folder may have been deleted since
            fingerprint = prepare_corpus(config.corpus, data_folder(config), config.trainer.jobs)
            if figures is not None:
                figures["fingerprint"] = fingerprint
    if config.donor:
        reuse_target(config)
