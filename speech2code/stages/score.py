"""Stages `score` and `score baselines`: transcripts → BLEU, chrF, METEOR, WER, CER of every row in every split."""

from speech2code.builders import judges_of
from speech2code.config import Config
from speech2code.corpora.pairs import VOICES
from speech2code.corpora.store import FeatureStore
from speech2code.files import write_json
from speech2code.registry import BASELINES, ROWS, RUN, STAGES, Row, spared_stages
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.ceiling import ORIGINAL, cannot_judge
from speech2code.scoring.detectors import detect
from speech2code.scoring.meteor import start_meteor
from speech2code.scoring.scores import Scores, score_pairs
from speech2code.seals import sealed
from speech2code.stages.folders import data_folder, run_folder, splits_of
from speech2code.stages.record import fingerprints, finished, stage
from speech2code.stages.transcribe import waveforms_of


def score(config: Config) -> None:
    """Every row of the system itself: `scores.json`, and `scores/detectors.json` of what a score hides."""
    run = run_folder(config)
    with stage(run, "scores", fingerprints(run, "decoding", *_transcripts(config, RUN))) as figures:
        if figures is None:
            return
        start_meteor(config.corpus.target)  # its ten seconds of loading pass meanwhile
        rows = [row for row in ROWS if row.group == RUN]
        detectors = {row.name: _detect(config, row) for row in rows}
        write_json(run / "scores" / "detectors.json", sealed(detectors))
        write_json(run / "scores.json", sealed(_scores(config, RUN)))


def score_baselines(config: Config) -> None:
    """The rows of baseline and topline, the toplines' texts as text: `baselines/scores.json`."""
    run = run_folder(config)
    with stage(run, "baseline_scores", fingerprints(run, "baselines", *_transcripts(config, BASELINES))) as figures:
        if figures is None:
            return
        start_meteor(config.corpus.target)
        found = _scores(config, BASELINES)
        for split, toplines in RunFolder(run).sealed("baselines/topline_texts.json").items():
            for row, texts in ((row, texts) for row, texts in toplines.items() if texts):
                figures_of_text = score_pairs(texts.values(), config.corpus.target).figures()
                found["splits"][split][f"{row}_text"] = {"as text": figures_of_text}
        write_json(run / "baselines" / "scores.json", sealed(found))


def _transcripts(config: Config, group: str) -> list[str]:
    """Names of the stages that read the rows of this group, by the recognisers of this experiment."""
    read = [each for each in STAGES if each.row and each.group == group and each.recogniser in judges_of(config)]
    return [each.name for each in read if each.name not in spared_stages(config.baselines)]


def _scores(config: Config, group: str) -> dict:
    """{"splits": split → row → recogniser → figures, of all that there are transcripts of, "speakers": the same for
    each source speaker where there are several, "signatures": how they were made}. A row whose recogniser cannot read
    the original speech has "cannot_judge": that word error rate."""
    splits: dict[str, dict] = {}
    speakers: dict[str, dict] = {}
    signatures: dict[str, str] = {}
    for split in splits_of(config):
        splits[split], speakers[split] = {}, {}
        for row in ROWS:
            judged = _judged(config, row.name, split) if row.group == group else {}
            if judged:
                splits[split][row.name] = {name: each.figures() for name, each in judged.items()}
                if row.name not in (ORIGINAL, "resynthesis"):
                    speakers[split][row.name] = {name: _by_speaker(config, row.name, split, name) for name in judged}
                signatures |= next(iter(judged.values())).signatures
                signatures |= {name: _signature(config, row.name, name) for name in judged}
        for name, original in _judged(config, ORIGINAL, "test" if split == VOICES else split).items():
            for row in splits[split].values():
                row[name] |= cannot_judge(original.wer)
    return {"splits": splits, "speakers": speakers, "signatures": signatures}


def _by_speaker(config: Config, row: str, split: str, recogniser: str) -> dict[str, dict]:
    """Source speaker → how many of the sentences are theirs, and the figures of these; {} where there is one only."""
    store = FeatureStore(data_folder(config), split)
    who = dict(zip(store.ids, store.speakers["source"]))
    found: dict[str, list[tuple[str, str]]] = {}
    for name, pair in RunFolder(run_folder(config)).transcripts(row, recogniser, split).items():
        found.setdefault(who[name], []).append(pair)
    if len(found) < 2:
        return {}
    language = config.corpus.target
    return {name: {"sentences": len(each)} | score_pairs(each, language).figures() for name, each in found.items()}


def _signature(config: Config, row: str, recogniser: str) -> str:
    return finished(run_folder(config), f"transcripts/{row}.{recogniser}")["signature"]


def _judged(config: Config, row: str, split: str) -> dict[str, Scores]:
    """Recogniser → scores of what it has read."""
    run, language = RunFolder(run_folder(config)), config.corpus.target
    tables = {name: run.transcripts(row, name, split) for name in judges_of(config)}
    return {name: score_pairs(table.values(), language) for name, table in tables.items() if table}


def _detect(config: Config, row: Row) -> dict:
    """What a score hides in the test list, by the first recogniser."""
    run = run_folder(config)
    folder = RunFolder(run)
    units, ended = folder.units(), folder.sealed("decoding/ended.json")["ended"]
    table = folder.transcripts(row.name, judges_of(config)[0])
    references, transcripts = (list(each) for each in zip(*table.values()))
    known = {"resynthesis": units["reference"], "translation": units["translation"]}.get(row.name)
    sequences = [known[key] for key in table] if known else None
    ends = [ended[key] for key in table] if row.name == "translation" else None
    return detect(
        waveforms_of(config, row.name, "test"), sequences, transcripts, references, config.corpus.target, ends
    )
