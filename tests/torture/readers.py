"""Which command reads a file of a corpus or a run next, and what it leaves."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

from speech2code.registry import BY_NAME


class Reader(NamedTuple):
    """`verb`, after `gone` was deleted in the run; `leaves`: what then must be as it was, patterns in the run."""

    verb: str
    gone: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()


def _stage(name: str, *leaves: str, more: tuple[str, ...] = ()) -> Reader:
    return Reader(BY_NAME[name].verb, (name, *more), leaves)


READ = "transcripts/{}.in_domain"
READERS = {
    "prepare": Reader("prepare"),
    "units": _stage("units", "units/*.npz", "units/*.safetensors"),
    "go on": Reader("train {}", ("{}/stage.json", "{}/model.safetensors"), ("{}/model.safetensors",)),
    "done": Reader("train {}"),
    "vocoder": _stage("vocoder", "vocoder/*.safetensors"),
    "translator": _stage("translator", "translator/*.safetensors"),
    "recogniser": _stage("recogniser", "recogniser/*.safetensors", "recogniser/recogniser.json"),
    "resynthesis": _stage("resynthesis", "resynthesis/*/*.wav"),
    "decoding": _stage("decoding", "decoding/**/*.wav", "decoding/[!s]*.json", "model/*", more=("model",)),
    "original": _stage(READ.format("original"), READ.format("original") + "/*.tsv"),
    "resynthesis read": _stage(READ.format("resynthesis"), READ.format("resynthesis") + "/*.tsv"),
    "translation": _stage(READ.format("translation"), READ.format("translation") + "/*.tsv"),
    "scores": _stage("scores", "scores.json", "scores/detectors.json", more=("scores.json",)),
    "quality": _stage("quality", "units.json", "quality/sounds/*.wav", more=("units.json",)),
    "report": Reader("report", ("report.html",)),
    "table": Reader("table"),
    "translate": Reader("translate"),
    "run": Reader("run", ("report.html",), ("scores.json",)),
}
TRAINED = ("units", "vocoder", "translator", "recogniser")
NEXT = {  # stage → who reads what it leaves
    "prepare": ("prepare", "report", "table"), "units": ("vocoder", "decoding", "translator", "resynthesis", "quality"),
    "vocoder": ("decoding", "resynthesis", "quality", "report"), "translator": ("decoding", "report", "table"),
    "recogniser": ("original", "translation", "resynthesis read", "report"), "scores": ("report", "table"),
    "resynthesis": ("resynthesis read", "scores", "quality", "report"), "quality": ("report", "table", "quality"),
    "decoding": ("translation", "scores", "quality", "report"), "transcripts": ("scores", "report", "table"),
    "model": ("translate",),
}  # fmt: skip
WHOLE = {  # files beside the stages
    "scores.json": ("report", "table", "run"), "units.json": ("report", "table"), "config.yaml": ("report", "table"),
    "report.html": ("report", "run"), ".speech2code.lock": ("run", "report"),
}  # fmt: skip


def of_corpus(path: Path) -> tuple[str, ...]:
    """`path`: in the corpus's folder."""
    split, name = path.parent.name, path.name
    if name.startswith("source"):
        return ("translator", "prepare", "decoding") if split in ("train", "dev") else ("decoding", "prepare")
    if name.startswith("target_mfcc"):
        return ("units", "prepare", "recogniser") if split in ("train", "dev") else ("units", "prepare")
    if name.startswith("target"):
        return ("vocoder", "prepare") if split in ("train", "dev") else ("original", "quality", "prepare")
    if name == "text.json":
        return ("recogniser", "prepare") if split in ("train", "dev") else ("original", "scores", "prepare")
    if name in ("items.json", "corpus.json"):
        return ("prepare", "units", "translator", "decoding", "original", "scores", "quality", "report")
    return ("prepare", "units", "run")


def of_run(path: Path) -> tuple[str, ...]:
    """`path`: in the run's folder. "go on" and "done" are of a training, whose name follows."""
    stage, name = path.parts[0], path.name
    if len(path.parts) == 1:
        return WHOLE[name]
    if stage in TRAINED and not name.endswith((".npz", ".safetensors")):
        more = {"last.ckpt": (f"go on {stage}",), "stage.json": NEXT[stage], ".speech2code.lock": NEXT[stage]}
        return (f"done {stage}", *more.get(name, ("report", f"go on {stage}")))
    if stage == "units" and name.endswith(".npz"):
        return ("vocoder", "translator") if path.stem in ("train", "dev") else ("decoding", "resynthesis", "quality")
    if stage == "decoding" and len(path.parts) > 2 and path.parts[1] in ("source", "original"):
        return ("report",)
    return NEXT[stage]


def reader(name: str) -> Reader:
    """By a name that `of_corpus` or `of_run` gives."""
    if name in READERS:
        return READERS[name]
    kind, _, stage = name.rpartition(" ")
    verb, gone, leaves = READERS[kind]
    return Reader(verb.format(stage), *(tuple(each.format(stage) for each in some) for some in (gone, leaves)))


def contents(run: Path, patterns: tuple[str, ...]) -> dict[str, str]:
    """File → what it holds; of scores without METEOR, whose program takes seconds to begin."""
    paths = sorted({path for pattern in patterns for path in run.glob(pattern) if path.is_file()})
    return {str(path.relative_to(run)): _content(path) for path in paths}


def _content(path: Path) -> str:
    if path.name != "scores.json":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return json.dumps(_without_meteor(json.loads(path.read_bytes())), sort_keys=True)


def _without_meteor(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_meteor(each) for key, each in value.items() if "meteor" not in key and key != "hash"}
    return value
