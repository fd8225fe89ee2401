"""Stage `prepare`: speech pairs → feature store."""

from dataclasses import asdict

from speech2code.config import Config
from speech2code.corpora.prepare import FREE
from speech2code.corpora.prepare import prepare as prepare_corpus
from speech2code.seals import digest
from speech2code.stages.folders import check_start, data_folder, reuse_target, run_folder
from speech2code.stages.record import leads, of_several, stage
from speech2code.stages.texts import list_unscored


def prepare(config: Config, *, wait: bool = False) -> None:
    """Speech pairs → feature store; and, of `donor`, what that has learnt of the same target speech. `wait`: for
    another process that prepares this corpus, instead of refusing; the processes of one training always wait."""
    check_start(config)
    settings = {name: value for name, value in asdict(config.corpus).items() if name not in FREE}
    with stage(run_folder(config), "prepare", {"corpus": settings}) as figures:
        # also where it was done once: recordings, text or the folder may have changed since
        patient, known = wait or of_several(), data_folder(config) / "corpus.json"
        before = digest(known) if known.exists() else None
        fingerprint = prepare_corpus(config.corpus, data_folder(config), config.trainer.jobs, wait=patient)
        if figures is not None:
            figures["fingerprint"] = fingerprint
        if leads() and (figures is not None or digest(known) != before):
            list_unscored(config)
    if config.donor:
        reuse_target(config)
