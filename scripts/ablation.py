"""From the paper's system to the best one, one thing at a time: same pairs, same steps unless a row says otherwise.

    rows="paper inverter translator time_shift size -wide bigrams -long -clusters -source_shift dot"
    python scripts/ablation.py $rows experiment=phrasebook trainer.minutes=null
    python scripts/ablation.py $rows experiment=phrasebook_ja_en donor=phrasebook trainer.minutes=null

The rows left out there are for large corpora (`scripts/large.sh`). Each row is a run of its own below
`runs/<experiment>_ablation/` and resumes; what `speech2code sweep` with this experiment has done once for its cells is
reused from there, topline and recogniser above all, and what it has trained for a cell with just the settings of a row.
A row that changes the translator alone reuses units and vocoder of the row before; with `donor`, each row those of the
other pair's row. A row that chooses another kind starts that section anew. Names of rows leave the others out of the
table, `-NAME` a row's settings out of all that follow. Ends with the table in `results/<experiment>_ablation/`.
"""

import os
import shlex
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from speech2code.builders import SECTIONS
from speech2code.compose import compose, from_yaml
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.registry import MEASURE, RUN, shared_stages, stages_of
from speech2code.report.cells import SHARED, SWEEP
from speech2code.stages.folders import run_folder
from speech2code.stages.record import reuse
from speech2code.stages.runner import run_stages
from speech2code.stages.sweep import named, share, table

TRAINED = [name for name in stages_of(RUN) if name not in (*shared_stages(), "scores", "report")]  # a cell's own
ROWS = {  # name → what is new, and the settings that do it; each has all those before
    "paper": (
        "the paper's system, K 64, r 12",
        "units.codebook_size=64 units.time_reduction=12 units.time_shift=0 vocoder.loss=l2 vocoder.reduction_factor=1 "
        "vocoder.fft_size=2048 vocoder.iterations=60 translator.encoder_layers=3 translator.token_dropout=0 "
        "translator.dropout=0.1 translator.time_masks=2 translator.coefficient_masks=1",
    ),
    "inverter": (
        "inverter: errors weighed as an ear would, four frames at once, 257 bins",
        "vocoder.loss=mel_huber vocoder.reduction_factor=4 vocoder.fft_size=512 vocoder.iterations=30",
    ),
    "translator": (
        "translator: input units hidden at first, one layer, neither dropout nor SpecAugment",
        "translator.token_dropout=0.4 translator.encoder_layers=1 translator.dropout=0 translator.time_masks=0 "
        "translator.coefficient_masks=0",
    ),
    "time_shift": ("units: the encoder's input is shifted by up to two frames", "units.time_shift=2"),
    "size": ("K 128, r 8", "units.codebook_size=128 units.time_reduction=8"),
    "segmental": (
        "units that last as long as their sound, 14 a second",
        "units=segmental units.codebook_size=128 units.bigram_rounds=0",
    ),
    "wide": (
        "translator 1.3 to 2 times as wide, half as many steps again",
        "translator.encoder_width=256 translator.decoder_width=384 translator.embedding_dim=128 "
        "translator.training.steps=7500",
    ),
    "bigrams": ("a unit bigram prior: units know which of them usually follows which", "units.bigram_rounds=3"),
    "long": (
        "units trained three times, the vocoder twice as long",
        "units.training.steps=5000 vocoder.training.steps=3000",
    ),
    "clusters": (
        "the segments of 128 codes in 512 clusters of their mean features",
        "units.codebook_size=512 units.segment_codes=128",
    ),
    "source_shift": ("translator: the source speech is shifted by up to four frames", "translator.time_shift=4"),
    "dot": (
        "translator: attention by dot product, two thirds more steps in as many seconds",
        "translator.attention=dot translator.training.steps=2000",
    ),
}


def main(arguments: list[str]) -> None:
    overrides = [each for each in arguments if "=" in each]
    chosen = list(steps([each for each in arguments if each not in overrides], overrides))
    config = compose(overrides)
    sweep, folder = run_folder(config), run_folder(config).with_name(f"{config.name}_ablation")
    here = replace(config, name=folder.name, donor=config.donor and f"{config.donor}_ablation")
    share(config, overrides, [config.trainer.seed])
    if not os.path.lexists(folder / SHARED):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / SHARED).symlink_to(os.path.relpath(sweep / SHARED, folder))
    for place, (name, settings, new) in enumerate(chosen):
        own = merged([*settings, *named(here, name)])
        if place and all(changed.startswith("translator.") for _, changed in new):
            own = merged([*own, f"donor={folder.name}/{chosen[place - 1][0]}"])
        reuse(folder / name, folder / SHARED / f"seed-{config.trainer.seed}", shared_stages())
        for cell in _alike(sweep, compose(own)):
            reuse(folder / name, cell, TRAINED)
        run_stages(compose(own), own, stages_of(RUN, MEASURE))
    legend = {name: "; ".join(change for change, _ in new) for name, _, new in chosen}
    command = shlex.join(["python", "scripts/ablation.py", *arguments])
    write_json(folder / SWEEP, {"commands": [command], "legend": legend})
    table(folder)


def steps(names: list[str], overrides: list[str]) -> Iterator[tuple[str, list[str], list[tuple[str, str]]]]:
    """Of each row that `names` choose: its name, its settings, and what is new since the last one, in words and as
    settings."""
    left_out = [name[1:] for name in names if name.startswith("-")]
    chosen = [name for name in names if not name.startswith("-")] or list(ROWS)
    if unknown := [name for name in (*chosen, *left_out) if name not in ROWS]:
        raise UserError(f"no row is called {unknown[0]}; choose among {', '.join(ROWS)}")
    new = []
    for name, (change, changed) in ROWS.items():
        if name not in left_out:
            overrides = merged([*overrides, *changed.split()])
            new.append((change, changed))
            if name in chosen:
                yield name, overrides, new
                new = []


def merged(overrides: list[str]) -> list[str]:
    """The last word on each setting; choosing a kind forgets the settings of the kind before."""
    kept: list[str] = []
    for each in overrides:
        key = each.split("=")[0]
        section = key in SECTIONS
        kept = [old for old in kept if old.split("=")[0] != key and not (section and old.startswith(f"{key}."))]
        kept.append(each)
    return kept


def _alike(sweep: Path, config: Config) -> list[Path]:
    """The sweep's finished cells whose settings, but for names and the number of jobs, are these."""

    def settings(found: dict) -> dict:
        trainer = {key: value for key, value in found["trainer"].items() if key != "jobs"}
        return {key: value for key, value in found.items() if key not in ("name", "donor")} | {"trainer": trainer}

    files = sweep.glob("*/config.yaml")
    return [path.parent for path in files if settings(asdict(from_yaml(path))) == settings(asdict(config))]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"ablation: {error}")
