"""A finished run → docs/samples.md: three test sentences to hear and to see, chosen by rule and not by ear.

    python scripts/samples.py [runs/best_fr_en] [docs/samples.md]

The rule: of the sentences that the run kept for listening (evenly spread over the test split), in order of their ids,
those at 1/4, 1/2 and 3/4. Run it where `speech2code run` ran: the source text stands in the corpus's folder.
"""

import base64
import io
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread
from omegaconf import OmegaConf

from speech2code.audio.files import SAMPLE_RATE, save_waveform
from speech2code.corpora.store import FeatureStore
from speech2code.errors import UserError
from speech2code.files import safe_name, write_atomically
from speech2code.records import origin_of
from speech2code.report import figures
from speech2code.report.page import SOUNDS
from speech2code.report.run_folder import RunFolder

NAMES = dict(zip(SOUNDS, ("source speech", "reference speech", "resynthesis", "translation")))
JUDGES = {"in_domain": "in-domain recogniser", "pocketsphinx": "PocketSphinx", "whisper": "Whisper"}
NYQUIST = SAMPLE_RATE / 2000  # kHz


class Sentence(NamedTuple):
    """One sentence of the test split as the run left it."""

    id: str
    source: str
    reference: str
    waveforms: dict[str, np.ndarray]  # row → float32 (samples,)
    transcripts: dict[tuple[str, str], str]  # (row, recogniser) → what it has read


def main(arguments: list[str]) -> None:
    run = RunFolder(Path(arguments[0] if arguments else "runs/best_fr_en"))
    page = Path(arguments[1] if len(arguments) > 1 else "docs/samples.md")
    make_samples(run, page)
    print(f"samples: {page}")


def make_samples(run: RunFolder, path: Path) -> None:
    """Writes the page, and `<id>.<row>.mp3`, `<id>.webp` in the folder of its name. UserError names what the run
    lacks."""
    folder = path.with_suffix("")
    page, texts = opening(run), source_texts(run)
    transcripts = {(row, judge): run.transcripts(row, judge) for row in SOUNDS[1:] for judge in judges_of(run)}
    sentences = [read_sentence(run, each, texts[each], transcripts) for each in choose(run, texts)]
    for sentence in sentences:
        for row, waveform in sentence.waveforms.items():
            save_waveform(folder / f"{safe_name(sentence.id)}.{row}.mp3", waveform)
        draw(folder / f"{safe_name(sentence.id)}.webp", sentence)
        page += section(sentence, folder.name)
    with write_atomically(path) as temporary:
        temporary.write_text("\n".join(page), encoding="utf-8")


def judges_of(run: RunFolder) -> list[str]:
    """The recognisers that have read the original speech of this run."""
    return [judge for judge in JUDGES if run.table("original", judge).exists()]


def choose(run: RunFolder, texts: dict[str, str]) -> list[str]:
    """The ids at 1/4, 1/2 and 3/4 of the sorted list of those with text. UserError when there are not three."""
    shown = [each for each in run.shown_ids() if each in texts]
    chosen = [shown[len(shown) * quarter // 4] for quarter in (1, 2, 3)] if shown else []
    if len(set(chosen)) < 3:
        raise UserError(f"{run.sounds('source')} holds {len(shown)} sentences, not three; run `speech2code decode`")
    return chosen


def source_texts(run: RunFolder) -> dict[str, str]:
    """id → what the source speech says, from the corpus of the run, where the target text is known too."""
    if run.config() is None:
        raise UserError(f"{run.path} has no config.yaml; finish it with `speech2code report` first")
    config = OmegaConf.create(run.config())
    store = FeatureStore(Path(config.data) / config.corpus.name, "test")
    both = zip(store.ids, store.texts("source"), store.texts("target"))
    texts = {key: source for key, source, target in both if source and target}
    if not texts:
        raise UserError(f"{store.folder} has no text of both sides, which the page shows; prepare it with both columns")
    return texts


def read_sentence(run: RunFolder, key: str, source: str, transcripts: dict) -> Sentence:
    """All that the run holds of one sentence. UserError names what is missing."""
    waveforms = {row: run.waveform(row, key) for row in SOUNDS}
    lacking = [row for row in SOUNDS if waveforms[row] is None]
    lacking += [".".join(where) for where, of_id in transcripts.items() if key not in of_id]
    if lacking:
        raise UserError(f"{run.path} has no {lacking[0]} of {key}; finish it with `speech2code run` first")
    read = {where: of_id[key][1] or "(nothing)" for where, of_id in transcripts.items()}
    return Sentence(key, source, transcripts["original", "in_domain"][key][0], waveforms, read)


def draw(path: Path, sentence: Sentence) -> None:
    """Four spectrograms on one time axis, the report's pictures, each with what is said in it → WebP."""
    said = {"source": sentence.source, "original": sentence.reference}
    figure = Figure(figsize=(9, 7.2), layout="constrained")
    panels = figure.subplots(len(SOUNDS), 1, sharex=True, sharey=True)
    for panel, (row, waveform) in zip(panels, sentence.waveforms.items()):
        png = base64.b64decode(figures.spectrogram(waveform).partition(",")[2])
        extent = (0, len(waveform) / SAMPLE_RATE, 0, NYQUIST)
        panel.imshow(imread(io.BytesIO(png)), extent=extent, aspect="auto")
        text = said.get(row) or f"read as “{sentence.transcripts[row, 'in_domain']}”"
        panel.set_title(f"{NAMES[row]}: {text}", fontsize=10, loc="left")
        panel.set_ylabel("kHz")
    panels[-1].set(xlabel="seconds", xlim=(0, max(map(len, sentence.waveforms.values())) / SAMPLE_RATE))
    with write_atomically(path) as temporary:
        figure.savefig(temporary, format="webp", dpi=90, pil_kwargs={"quality": 80})


def opening(run: RunFolder) -> list[str]:
    """The page's head: what this is, how it was chosen, which run it comes from."""
    origin = origin_of(run.path)
    commands, commits = (", ".join(f"`{each}`" for each in origin[name]) for name in ("commands", "commits"))
    seeds = ", ".join(map(str, origin["seeds"]))
    machines = "; ".join(
        f"{each['processor']} ({each['cores']} cores, GPU: {each['gpu']})" for each in origin["machines"]
    )
    return [
        "# Samples",
        "",
        f"Three test sentences, chosen by rule and not by ear: of the {len(run.shown_ids())} that the run kept for",
        "listening, evenly spread over the test list and in order of their ids, those at 1/4, 1/2 and 3/4.",
        "*Resynthesis* is the reference speech, turned into its own units and back into sound. *Translation* is the",
        "system's answer to the source speech. Each is followed by what the recognisers read in it.",
        "",
        "Both sides are synthetic speech, one voice each. The players work on the documentation's site; on GitHub,",
        "follow the links.",
        "",
        f"Run: {commands}, seed {seeds}, commit {commits}{'' if origin['clean'] else ' with uncommitted changes'},",
        f"on {machines}. Made by `scripts/samples.py`.",
        "",
    ]


def section(sentence: Sentence, folder: str) -> list[str]:
    """Its texts, a table of its sounds (in `folder`, beside the page) and what is read in them, its picture."""
    lines = [f"## {sentence.id}", "", f"Source: **{sentence.source}**  ", f"Reference: **{sentence.reference}**", ""]
    judges = dict.fromkeys(judge for _, judge in sentence.transcripts)
    lines += [f"| sound | player | {' | '.join(JUDGES[each] for each in judges)} |", "|---" * (2 + len(judges)) + "|"]
    for row in SOUNDS:
        read = [sentence.transcripts.get((row, judge), "") for judge in judges]  # the source is not English
        sound = f"{folder}/{quote(safe_name(sentence.id))}.{row}.mp3"
        player = f'<audio controls preload="none" src="{sound}"></audio>'
        lines.append(f"| [{NAMES[row]}]({sound}) | {player} | {' | '.join(read)} |")
    return [*lines, "", f"![Spectrograms of {sentence.id}]({folder}/{quote(safe_name(sentence.id))}.webp)", ""]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"samples: {error}")
