"""One run → one HTML file with its figures, pictures and sounds inside: it opens anywhere, without a network."""

from pathlib import Path

import jinja2
import jiwer

from speech2code.audio.files import SAMPLE_RATE
from speech2code.builders import RECOGNISERS
from speech2code.corpora.pairs import VOICES
from speech2code.files import write_atomically
from speech2code.records import origin_of, records_of
from speech2code.registry import BY_NAME, ROW, ROWS, RUN, STAGES
from speech2code.report import figures
from speech2code.report.errors import by_length, read_sentences
from speech2code.report.run_folder import RunFolder, as_text
from speech2code.scoring.ceiling import SENTENCE as CANNOT_JUDGE
from speech2code.scoring.languages import has_spaces
from speech2code.scoring.normalisation import tokens

PLAYED_UNITS = 64  # the most used ones get a player
SOUNDS = ("source", "original", "resynthesis", "translation")
TITLES = {"source": "source speech"} | {row.name: row.title for row in ROWS}
TRAINED = [stage.name for stage in STAGES if stage.verb.startswith("train ")]


def write_report(run_folder: Path) -> Path:
    """Reads the run's folder, nothing else → the path of its `report.html`. What it lacks is stated as missing.

    Raises UserError when there is no such folder or a file in it is broken.
    """
    run = RunFolder(Path(run_folder))
    records, (reader, every) = records_of(run.path), read_sentences(run)
    html = template(Path(__file__).with_name("report.html.jinja")).render(
        name=run.path.resolve().name,
        scores=_score_table(run),
        unseen=[
            line for line in score_lines(run.scores("unseen")) if line["name"] not in ("baseline", "topline_voice")
        ],
        voices=score_lines(run.scores(VOICES)) + _speaker_lines(run),
        cannot_judge=CANNOT_JUDGE,
        signatures=run.sealed("scores.json").get("signatures", {}),
        detectors=run.sealed("scores/detectors.json"),
        stages=[_stage(run, name, records) for name in TRAINED if BY_NAME[name].group == RUN or name in records],
        times=_times(records),
        usage=figures.code_usage(run.units()),
        measures=run.sealed("units.json"),
        **_units(run),
        sentences=_sentences(run),
        reader=reader,
        every=every,
        by_length=figures.error_by_length(by_length(every)),
        config=run.config(),
        origin=origin_of(run.path),
        row_names=TITLES,
    )
    path = run.path / "report.html"
    with write_atomically(path) as temporary:
        temporary.write_text(html, encoding="utf-8")
    return path


def template(path: Path) -> jinja2.Template:
    """A page in this one's style: the template may include `style.css`. What is no HTML is not escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([path.parent, Path(__file__).parent]),
        autoescape=".html" in path.name,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(duration=_duration, figure=as_text)
    return environment.get_template(path.name)


def _score_table(run: RunFolder) -> list[dict]:
    """Every row of the test list by every recogniser, with BLEU on dev beside it where that has been judged."""
    dev = run.scores("dev")
    return [
        line | {"dev": dev.get(line["name"], {}).get(line["recogniser"], {}).get("bleu")}
        for line in score_lines(run.scores())
    ]


def _speaker_lines(run: RunFolder) -> list[dict]:
    """What the system makes of each source speaker, where there are several."""
    return [
        {"name": "", "row": f"{speaker} ({figures['sentences']} sentences)", "recogniser": recogniser, **figures}
        for speakers in (run.speakers(VOICES), run.speakers())
        for recogniser, by_speaker in speakers.items()
        for speaker, figures in sorted(by_speaker.items())
    ]


def score_lines(scores: dict[str, dict]) -> list[dict]:
    """Row → recogniser → figures, as lines of a table."""
    return [
        {"name": row, "row": TITLES[row], "recogniser": recogniser, **figures}
        for row, by_recogniser in scores.items()
        for recogniser, figures in by_recogniser.items()
    ]


def _stage(run: RunFolder, stage: str, records: dict[str, dict]) -> dict:
    facts = records.get(stage)
    return {"name": stage, "facts": facts, "curves": figures.training_curves(stage, run.curves(stage)) if facts else ""}


def _units(run: RunFolder) -> dict:
    """What `measure` found out of the codebook: two pictures, and each unit's sound, most used first."""
    found = run.phones()
    if found is None:
        return {"unit_pictures": [], "unit_sounds": []}
    counts, phones = found["counts"], found["phones"].tolist()
    named = {unit: phones[row.argmax()] for unit, row in enumerate(counts) if row.sum()}
    pictures = figures.phones_of_units(counts, phones), figures.codebook_map(found["codes"], counts, phones)
    sounds = [
        {
            "unit": unit,
            "phone": named.get(unit, "–"),
            "audio": figures.sound(sound),
            "picture": figures.spectrogram(sound),
        }
        for unit, sound in sorted(run.unit_sounds().items(), key=lambda each: -counts[each[0]].sum())[:PLAYED_UNITS]
    ]
    return {"unit_pictures": pictures, "unit_sounds": sounds}


def _times(records: dict[str, dict]) -> list[dict]:
    longest = max((record["seconds"] for record in records.values()), default=0) or 1
    return [
        {"stage": name, "share": 100 * record["seconds"] / longest}
        | {each: record[each] for each in ("seconds", "processor_seconds")}
        for name, record in records.items()
    ]


def _sentences(run: RunFolder) -> list[dict]:
    transcripts = {
        (row.name, recogniser): run.transcripts(row.name, recogniser) for row in ROWS for recogniser in RECOGNISERS
    }
    units, alignments, language = run.units(), run.alignments(), run.language()
    return [
        {
            "id": sentence,
            "reference": next((of_id[sentence][0] for of_id in transcripts.values() if sentence in of_id), None),
            "sounds": _sounds(run, sentence),
            "transcripts": [
                {
                    "row": TITLES[row],
                    "recogniser": recogniser,
                    "words": word_differences(*of_id[sentence], language),
                }
                for (row, recogniser), of_id in transcripts.items()
                if sentence in of_id
            ],
            "units": {name: of_id[sentence] for name, of_id in units.items() if sentence in of_id},
            "alignment": figures.heat_map(alignments[sentence], low=0.0, high=1.0) if sentence in alignments else None,
        }
        for sentence in run.shown_ids()
    ]


def _sounds(run: RunFolder, sentence: str) -> list[dict]:
    rows = [*SOUNDS, *(row for row in run.scores() if ROW[row].made_by == "baselines")]
    waveforms = {row: run.waveform(row, sentence) for row in rows}
    longest = max((len(waveform) for waveform in waveforms.values() if waveform is not None), default=1)
    return [
        {
            "row": row,
            "seconds": len(waveform) / SAMPLE_RATE,
            "share": 100 * len(waveform) / max(1, longest),  # one time axis for all pictures
            "audio": figures.sound(waveform),
            "picture": figures.spectrogram(waveform),
        }
        if waveform is not None
        else {"row": row, "audio": None}
        for row, waveform in waveforms.items()
    ]


def word_differences(reference: str, hypothesis: str, language: str | None) -> list[tuple[str, str, str]]:
    """[(kind, words said, words meant)], kind "equal", "substitute", "insert", "delete": jiwer's alignment, of
    characters in a script without spaces."""
    if not reference:
        return [("insert", hypothesis, "")] if hypothesis else []
    meant, said = (tokens(text, language) for text in (reference, hypothesis))
    between = " " if has_spaces(language) else ""
    return [
        (
            chunk.type,
            between.join(said[chunk.hyp_start_idx : chunk.hyp_end_idx]),
            between.join(meant[chunk.ref_start_idx : chunk.ref_end_idx]),
        )
        for chunk in jiwer.process_words(" ".join(meant), " ".join(said)).alignments[0]
    ]


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{int(seconds // 60)} min {int(seconds % 60)} s"
