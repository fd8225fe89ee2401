"""From the paper's system to the best one, one thing at a time: same pairs, same steps unless a row says otherwise,
BLEU with intervals and p.

    rows="paper inverter translator time_shift size -wide bigrams -long -clusters -source_shift dot"
    python scripts/ablation.py $rows experiment=phrasebook trainer.minutes=null
    python scripts/ablation.py $rows experiment=phrasebook_ja_en donor=phrasebook trainer.minutes=null

The rows left out there are for large corpora (`scripts/large.sh`). Each row is a run of its own below
`runs/<experiment>/ablation/` and resumes; what `speech2code sweep` with this experiment has done once for its cells is
reused from there, topline and recogniser above all, and what it has trained for a cell with just the settings of a row.
A row that changes the translator alone reuses units and vocoder of the row before; with `donor`, each row those of the
other pair's row. A row that chooses another kind starts that section anew. Names of rows leave the others out of the
table, `-NAME` a row's settings out of all that follow. Writes `results/ablation.json` and `.md`, where the rows of
other experiments stay; the report of the last row shows those of this one.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from speech2code.builders import SECTIONS
from speech2code.compose import compose, from_yaml
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.files import add_rows, write_atomically, write_json
from speech2code.registry import RUN, shared_stages, stages_of
from speech2code.report.cells import JUDGE, OTHER, SHARED, coordinates, corpus_sizes
from speech2code.report.page import write_report
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.significance import paired_bootstrap
from speech2code.stages.folders import data_folder, run_folder
from speech2code.stages.record import reuse
from speech2code.stages.runner import run
from speech2code.stages.sweep import named, share

TRAINED = [name for name in stages_of(RUN) if name not in (*shared_stages(), "scores", "report")]  # a cell's own
RESULTS = Path("results") / "ablation.json"
P_VALUES = ("p_value", "p_value_first", "p_value_topline")
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
COLUMNS = {
    "experiment": "{experiment}",
    "change": "{change}",
    "BLEU (95 %)": "{bleu:.1f} ({bleu_low:.1f} to {bleu_high:.1f})",
    "METEOR": "{meteor:.1f}",
    "BLEU, PocketSphinx": "{bleu_pocketsphinx:.1f}",
    "÷ topline": "{ratio}",
    "÷ its text, spoken by the corpus's voice": "{ratio_of_text}",
    "p": "{p_value}",
    "p against the first": "{p_value_first}",
    "p against the topline": "{p_value_topline}",
    "training, s": "{training_seconds:.0f}",
    "the topline's, s": "{topline_seconds}",
    "synthesis, s a sentence": "{seconds_a_sentence:.3f}",
}


def main(arguments: list[str]) -> None:
    overrides = [each for each in arguments if "=" in each]
    chosen = list(steps([each for each in arguments if each not in overrides], overrides))
    config = compose(overrides)
    sweep = Path(config.runs) / config.name
    share(config, overrides)
    rows = []
    for name, settings, new in chosen:
        own = [*settings, *named(config, f"ablation/{name}")]
        if rows and all(changed.startswith("translator.") for _, changed in new):
            own = merged([*own, f"donor={config.name}/ablation/{rows[-1]['row']}"])
        reuse(sweep / "ablation" / name, sweep / SHARED, shared_stages())
        for cell in _alike(sweep, compose(own)):
            reuse(sweep / "ablation" / name, cell, TRAINED)
        run(compose(own), own)
        row = {"experiment": config.name, "row": name, "change": "; ".join(change for change, _ in new)}
        rows.append(row | _figures(compose(own), rows))
    write_json(run_folder(compose(own)) / "ablation.json", rows)
    write_report(run_folder(compose(own)))
    rows = add_rows(RESULTS, rows, "experiment")
    with write_atomically(RESULTS.with_suffix(".md")) as temporary:
        temporary.write_text(_markdown(rows), encoding="utf-8")
    print(f"ablation: {RESULTS.with_suffix('.md')}")


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


def _figures(config: Config, before: list[dict]) -> dict:
    """What a finished run scored, beside the topline and the row before."""
    found = RunFolder(run_folder(config))
    scores, seconds, units = found.scores(), found.json("seconds.json"), found.units()
    references, hypotheses = zip(*found.transcripts("translation", JUDGE).values())
    row = {"pair": coordinates(asdict(config))["pair"]} | corpus_sizes(data_folder(config))
    row |= {name: scores["translation"][JUDGE][name] for name in ("bleu", "bleu_low", "bleu_high", "meteor")}
    row |= {f"{name}_{OTHER}": scores["translation"][OTHER][name] for name in ("bleu", "wer")}
    for name in ("topline", "topline_voice"):
        if name in scores:
            row |= {f"{name}_bleu": scores[name][JUDGE]["bleu"], f"{name}_bleu_{OTHER}": scores[name][OTHER]["bleu"]}
    row["training_seconds"] = sum(seconds[name] for name in ("units", "vocoder", "translator"))
    row["seconds_a_sentence"] = seconds["decoding"] / sum(
        len(units.get(name, {})) for name in ("translation", "unseen")
    )
    row["topline_seconds"] = seconds["topline_stt"] + seconds["topline_tts"]
    row |= dict.fromkeys(P_VALUES) | {"origin": found.json("run.json")}
    others = {"p_value_topline": found.transcripts("topline", JUDGE)}
    for name, earlier in zip(P_VALUES, (before[-1], before[0]) if before else ()):
        others[name] = RunFolder(found.path.parent / earlier["row"]).transcripts("translation", JUDGE)
    for name, other in others.items():
        texts = [text for _, text in other.values()]
        row[name] = paired_bootstrap(list(hypotheses), texts, list(references), config.corpus.target)
    return row


def _markdown(rows: list[dict]) -> str:
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for row in rows:
        forms = dict.fromkeys(P_VALUES, "{:.3f}") | {"topline_seconds": "{:.0f}"}  # older rows lack some
        shown = row | {name: "–" if row.get(name) is None else form.format(row[name]) for name, form in forms.items()}
        for name, against in (("ratio", "topline_bleu"), ("ratio_of_text", "topline_voice_bleu")):
            shown[name] = f"{row['bleu'] / row[against]:.2f}" if row.get(against) else "–"
        lines.append("| " + " | ".join(form.format(**shown) for form in COLUMNS.values()) + " |")
    remark = (
        "Each row has the settings of those above too; p: paired bootstrap, against the row above, the first and the "
        "topline, whose training is that of topline_stt and topline_tts."
    )
    return "\n".join(lines) + f"\n\n{remark}\n"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"ablation: {error}")
