"""Checks of the manifest as a table: rows, ids, splits, speakers, texts."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from speech2code.bcp47 import UNKNOWN
from speech2code.corpora.store import SIDES
from speech2code.data_check.corpus import CheckedCorpus
from speech2code.data_check.findings import NOTE, SERIOUS, WARNING, Finding
from speech2code.scoring.normalisation import holds_words

ENOUGH = 100  # test sentences; 60 gave a BLEU of 89.7 between 83.3 and 95.7 (docs/faq.md), 510 one within a point
NEEDED = ("train", "dev", "test")


def bad_rows(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Rows that are no pair, and ids that come again."""
    rows = {each.id: each.reason for each in corpus.rejected if each.side == "both"}
    for kind, ids, what in (
        ("row", {name: reason for name, reason in rows.items() if reason.startswith("line ")}, "cannot be used"),
        ("same_id", {name: reason for name, reason in rows.items() if not reason.startswith("line ")}, "come again"),
    ):
        if ids:
            thing = "rows" if kind == "row" else "ids"
            yield Finding(
                kind, WARNING, "both", f"{len(ids):,} {thing} {what}: {next(iter(ids.values()))}",
                "correct these rows; `prepare` leaves them out", ids,
            )  # fmt: skip


def too_many(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Whether `prepare` would stop."""
    bad, total = len(corpus.rejected) + len(corpus.refused), len(corpus.pairs) + len(corpus.rejected)
    allowed = corpus.config.corpus.max_rejected
    if bad > allowed * total:
        yield Finding(
            "too_many", SERIOUS, "both",
            f"{bad:,} of {total:,} pairs cannot be used, more than the allowed {allowed:.0%}: `prepare` would stop",
            "mend what is listed under unreadable, refused, row and same_id; or allow more: corpus.max_rejected=…",
        )  # fmt: skip


def case_ids(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Files are named by ids, and some disks do not tell A from a."""
    groups = defaultdict(list)
    for pair in corpus.pairs:
        groups[pair.id.casefold()].append(pair.id)
    ids = {
        name: f"also {', '.join(each for each in group if each != name)}"
        for group in groups.values()
        if len(group) > 1
        for name in group
    }
    if ids:
        yield Finding(
            "case", WARNING, "both", f"{len(ids):,} ids differ from another one by upper and lower case only",
            "rename them: on some disks one file would overwrite the other", ids,
        )  # fmt: skip


def splits(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Splits that are missing, and a test list that is too short to score."""
    for split in NEEDED:
        if not corpus.kept(split):
            yield Finding(
                "split", SERIOUS, "both", f"no usable pair is in {split}: `prepare` would stop",
                f"give some rows split={split}, or more rows",
            )  # fmt: skip
    if 0 < (count := len(corpus.kept("test"))) < ENOUGH:
        yield Finding(
            "small_test", WARNING, "both",
            f"{count:,} test sentences are few: scores are uncertain (60 gave a BLEU between 83 and 96; docs/faq.md)",
            f"give {ENOUGH} or more of them split=test, better 500",
        )  # fmt: skip


def speakers(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Voices in dev or test that training never hears."""
    for side in SIDES:
        trained = {each.speaker for each, _ in corpus.usable(side) if each.pair.split == "train"}
        new = {each.id: each.speaker for each, _ in corpus.usable(side) if each.pair.split in NEEDED[1:]}
        ids = {name: f"{speaker} does not speak in train" for name, speaker in new.items() if speaker not in trained}
        if trained and ids:
            voices = Counter(new[name] for name in ids)
            told = ", ".join(f"{name} ({count:,})" for name, count in voices.most_common(3))
            yield Finding(
                "unseen_voice", WARNING, side,
                f"{len(ids):,} of {len(new):,} {side} recordings of dev and test have voices that train lacks: {told}",
                "fine if you want to know how it does with new voices; else give each speaker sentences in train", ids,
            )  # fmt: skip


def texts(corpus: CheckedCorpus) -> Iterator[Finding]:
    """Text that is missing where others have it, and a language that is not told."""
    language = corpus.config.corpus.target
    if not any(pair.target_text for pair in corpus.pairs):
        return
    if language == UNKNOWN:
        yield Finding(
            "language", SERIOUS, "target", "the target has text in no known language: `prepare` would stop",
            "say which one it is, such as corpus.target=en",
        )  # fmt: skip
    ids = {
        pair.id: repr(pair.target_text) if pair.target_text else "no text"
        for pair in corpus.pairs
        if not holds_words(pair.target_text or "", language)
    }
    if ids:
        tested = sum(pair.id in ids for pair in corpus.kept("test"))
        severity = WARNING if tested and tested == len(corpus.kept("test")) else NOTE
        yield Finding(
            "no_text", severity, "target",
            f"{len(ids):,} of {len(corpus.pairs):,} pairs have no word of target text ({tested:,} of them in test): "
            "they are learnt from, and not scored",
            "write target_text for those in test, if you want them scored", ids,
        )  # fmt: skip
