"""All checks. A new one is a function of the corpus that yields findings, and a name in this list."""

from collections.abc import Callable, Iterator

from speech2code.data_check import duplicate_checks, pair_checks, sound_checks, table_checks
from speech2code.data_check.corpus import CheckedCorpus
from speech2code.data_check.findings import Finding, worst_first

CHECKS: tuple[Callable[[CheckedCorpus], Iterator[Finding]], ...] = (
    table_checks.too_many,
    table_checks.splits,
    table_checks.bad_rows,
    table_checks.texts,
    pair_checks.shifted,
    pair_checks.both_sides,
    pair_checks.shared_files,
    duplicate_checks.same_audio,
    duplicate_checks.same_text,
    pair_checks.misaligned,
    sound_checks.unreadable,
    sound_checks.refused,
    sound_checks.steady,
    sound_checks.clipped,
    sound_checks.noisy,
    sound_checks.quiet,
    sound_checks.uneven,
    sound_checks.cancelled,
    sound_checks.offset,
    sound_checks.telephone,
    sound_checks.rates,
    sound_checks.staying_quiet,
    sound_checks.long_quiet,
    sound_checks.noise_unknown,
    table_checks.speakers,
    table_checks.case_ids,
)


def find_faults(corpus: CheckedCorpus) -> list[Finding]:
    """What all checks find, worst first."""
    return worst_first(finding for check in CHECKS for finding in check(corpus))
