"""Speech pairs → feature store: speak or read, check, trim, extract; on all cores, resumable by shard."""

import shutil
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from speech2code.bcp47 import UNKNOWN
from speech2code.config import CorpusConfig
from speech2code.corpora.checks import Rejection, check_share, unreadable, write_rejections
from speech2code.corpora.fingerprints import speech_fingerprint, text_fingerprints
from speech2code.corpora.joining import join, make_all, plan, texts_of
from speech2code.corpora.pairs import VOICES, Pair
from speech2code.corpora.sources import read_pairs, reject_missing
from speech2code.corpora.statistics import statistics_of
from speech2code.corpora.store import SIDES, FeatureStore, claim, problem_of, read_corpus, write_texts
from speech2code.corpora.voices import load_voice
from speech2code.errors import UserError
from speech2code.files import left_overs, write_json
from speech2code.locks import hold
from speech2code.seals import sealed

FREE = ("max_rejected", "phones")  # settings that change nothing of what is prepared


def prepare(corpus: CorpusConfig, folder: Path, jobs: int = 2, *, wait: bool = False) -> str:
    """Fills `folder` with the corpus's feature store and returns its fingerprint; does nothing where it is already
    whole. `wait`: for another process that prepares it.

    What has changed since is noticed: of texts that stand beside recordings only the texts are written anew, anything
    else is refused. Where the manifest or the text is gone, what was prepared of it is taken as it is.

    Raises UserError when the folder holds another corpus, another process prepares it, a voice is missing, or too many
    items are bad.
    """
    if kept := _without_source(corpus, folder):
        return kept
    pairs, rejected = read_pairs(corpus)
    if corpus.target == UNKNOWN and any(pair.target_text for pair in pairs):
        raise UserError(
            "the corpus has target text in no known language; set corpus.target to its BCP 47 tag, such as "
            "corpus.target=en"
        )
    fingerprint = speech_fingerprint(corpus, pairs, SIDES)
    if not (_is_made(corpus, folder, pairs, fingerprint) and _has_texts(folder, pairs)):
        claim(folder)
        with hold(folder, wait=wait):
            if not _is_made(corpus, folder, pairs, fingerprint):  # nor by who held it until now
                _make(corpus, folder, jobs, pairs, rejected, fingerprint)
            elif not _has_texts(folder, pairs):
                _change_texts(folder, pairs)
    _clear(folder)
    return fingerprint


def _without_source(corpus: CorpusConfig, folder: Path) -> str | None:
    """The fingerprint of a whole corpus whose manifest or text is gone; None where that is there, or needed."""
    if corpus.path is None or Path(corpus.path).exists() or problem_of(folder):
        return None
    print(f"{corpus.path} is gone: {folder} is taken as it was prepared from it", flush=True)
    return check_same_corpus(corpus, folder)["fingerprint"]


def _is_made(corpus: CorpusConfig, folder: Path, pairs: list[Pair], fingerprint: str) -> bool:
    """Whether `folder` holds this corpus and every file of it; UserError where it holds another one."""
    try:
        known = read_corpus(folder)
    except UserError:  # nothing there says what it was made of
        return False
    _check_settings(corpus, folder, known)
    if known["fingerprint"] != fingerprint:
        files = (getattr(pair, f"{side}_audio") for pair in pairs for side in SIDES)
        gone = next(filter(None, map(unreadable, filter(None, files))), None)
        raise UserError(
            f"{folder} was prepared from other sentences or recordings than there are now"
            + (f" ({gone})" if gone else "")
            + "; choose another corpus.name and another name, or delete the folder"
        )
    return problem_of(folder) is None


def _has_texts(folder: Path, pairs: list[Pair]) -> bool:
    """Whether what was prepared has the texts of these pairs."""
    return read_corpus(folder).get("text", dict.fromkeys(SIDES)) == text_fingerprints(pairs)


def _change_texts(folder: Path, pairs: list[Pair]) -> None:
    """Writes the texts anew, and leaves the speech as it is."""
    print(f"{folder}: the text has changed and is written anew; the speech is as it was", flush=True)
    by_id, known = {pair.id: pair for pair in pairs}, read_corpus(folder)
    for split in known["splits"]:
        write_texts(folder, split, texts_of([by_id[name] for name in FeatureStore(folder, split).ids]))
    write_json(folder / "corpus.json", sealed(known | {"text": text_fingerprints(pairs)}))


def _clear(folder: Path) -> None:
    """Deletes what killed processes left in a folder that is whole, unless another one works there."""
    if any(folder.glob(".shards-*")) or left_overs(folder):
        with suppress(UserError, OSError), hold(folder):
            for shards in folder.glob(".shards-*"):
                shutil.rmtree(shards)
            for each in left_overs(folder):
                each.unlink()


def _make(
    corpus: CorpusConfig, folder: Path, jobs: int, pairs: list[Pair], rejected: list[Rejection], fingerprint: str
) -> None:
    total = len(pairs) + len(rejected)
    pairs, missing = reject_missing(pairs)
    rejected = rejected + missing
    if rejected:  # told before hours of work
        _tell(rejected, total, corpus, folder)
    _check_splits({pair.split for pair in pairs}, "the corpus has no {} pair: give some rows split={}, or more rows")
    for names in filter(None, (corpus.source_voice, corpus.target_voice, corpus.unseen_voices)):
        for voice in names.split("+"):
            load_voice(voice)  # a missing program fails here, in one sentence, before any work
    if (folder / "corpus.json").exists():
        print(f"{folder} is prepared again: {str(problem_of(folder)).partition(';')[0]}", flush=True)
        (folder / "corpus.json").unlink()  # what is half made is not taken as whole
    shards = folder / f".shards-{fingerprint}"  # of this corpus and no other
    make_all(plan(pairs, shards), corpus.trimming, jobs)
    refused = join(pairs, folder, shards)
    _tell(rejected + refused, total, corpus, folder)
    gone = {each.id for each in refused}
    learnt = [pair for pair in pairs if pair.id not in gone and pair.split != VOICES]  # there it is test's once more
    target = speech_fingerprint(corpus, learnt, ("target",))
    known = {"fingerprint": fingerprint, "target_fingerprint": target, "text": text_fingerprints(pairs)}
    known |= {"config": asdict(corpus)}
    filled = {path.parent.name for path in folder.glob("*/items.json") if len(FeatureStore(folder, path.parent.name))}
    _check_splits(filled, f"{folder} has no {{}} pair left; see rejected.csv there")
    write_json(folder / "corpus.json", sealed(known | {"splits": sorted(filled)} | statistics_of(folder)))


def _tell(rejected: list[Rejection], total: int, corpus: CorpusConfig, folder: Path) -> None:
    """Lists what cannot be used; UserError where it is too much of all `total` pairs."""
    write_rejections(folder / "rejected.csv", rejected)
    check_share(rejected, total, corpus.max_rejected, folder / "rejected.csv")


def check_same_corpus(corpus: CorpusConfig, folder: Path) -> dict:
    """What `corpus.json` says; UserError when it is not there, damaged, or was made with other settings."""
    known = read_corpus(folder)
    _check_settings(corpus, folder, known)
    return known


def _check_settings(corpus: CorpusConfig, folder: Path, known: dict) -> None:
    now = asdict(corpus) | {name: known["config"].get(name) for name in FREE}
    changed = [key for key, value in known["config"].items() if now.get(key) != value]
    if changed:
        what = f"corpus.{changed[0]}={known['config'][changed[0]]}"
        raise UserError(f"{folder} was prepared with {what}; choose another corpus.name or delete the folder")


def _check_splits(there: set[str], sentence: str) -> None:
    for split in ("train", "dev", "test"):
        if split not in there:
            raise UserError(sentence.format(split, split))
