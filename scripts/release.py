"""A finished run → its model in half precision, small enough to ship, and in its card how much that changes.

    python scripts/release.py [runs/best_fr_en] [docs/samples/model]

Run it where `speech2code run` ran: the speech of the test list stands in the corpus's folder.
"""

import sys
from pathlib import Path

from omegaconf import OmegaConf

from speech2code import SpeechTranslator
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.report.run_folder import RunFolder
from speech2code.training.checkpoints import WEIGHTS

BATCH = 32  # sentences translated at once
SAID = """
## Half precision

Its weights have 16 bits, those of the training had 32: {changed} of the {all} test sentences get other units. The
scores above are of the training's weights.
"""


def main(arguments: list[str]) -> None:
    run = RunFolder(Path(arguments[0] if arguments else "runs/best_fr_en"))
    folder = Path(arguments[1] if len(arguments) > 1 else "docs/samples/model")
    release(run, folder)
    print(f"model: {folder}, {(folder / WEIGHTS).stat().st_size / 1e6:.1f} MB")


def release(run: RunFolder, folder: Path) -> None:
    """Writes the folder of the model. UserError names what the run lacks."""
    model = SpeechTranslator.from_pretrained(run.path / "model")
    if model.card is None or run.config() is None:
        raise UserError(f"{run.path} has no model card; finish it with `speech2code report` first")
    config = OmegaConf.create(run.config())
    store = FeatureStore(Path(config.data) / config.corpus.name, "test")
    model.save_pretrained(folder, half=True)
    pairs = list(zip(units_of(model, store), units_of(SpeechTranslator.from_pretrained(folder), store)))
    changed = sum(whole != half for whole, half in pairs)
    model.card = model.card.rstrip() + "\n" + SAID.format(changed=changed, all=len(pairs))
    model.save_pretrained(folder, half=True)


def units_of(model: SpeechTranslator, store: FeatureStore) -> list[list[int]]:
    """The units of each sentence's translation."""
    found = []
    for first in range(0, len(store), BATCH):
        waveforms = [store.waveform("source", item) for item in range(first, min(first + BATCH, len(store)))]
        found += [each.tokens for each in model.translate_to_units(waveforms)]
    return found


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"release: {error}")
