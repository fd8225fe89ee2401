"""`speech2code check pairs.csv`: reads everything, says on the terminal what is wrong, writes page and list."""

from pathlib import Path
from textwrap import TextWrapper

from speech2code.config import Config
from speech2code.data_check.checks import find_faults
from speech2code.data_check.corpus import CheckedCorpus, read_corpus
from speech2code.data_check.expectations import expectations
from speech2code.data_check.findings import SERIOUS, Finding, write_list
from speech2code.data_check.page import write_page
from speech2code.data_check.summary import line, summary
from speech2code.data_check.timing import Estimate, estimate, together
from speech2code.errors import UserError

WIDTH = 100  # characters of a line on the terminal
NOT_COUNTED = "looks at dev, decoding, recognisers that only read, scores and report come on top"


def check(config: Config, page: Path, timed: bool = True) -> list[str]:
    """Checks the manifest that the settings name; returns the kinds of the serious findings. `page`: where the HTML
    goes, the CSV beside it. `timed`: whether to measure how long a run would take.

    UserError where that is no manifest, or page or list cannot be written."""
    corpus = read_corpus(config)
    findings, parts, expected = find_faults(corpus), summary(corpus), expectations(corpus)
    write_list(page.with_suffix(".csv"), findings)
    print(f"\n{config.corpus.path}: {len(corpus.pairs) + len(corpus.rejected):,} rows\n")
    print("\n".join(map(line, parts)) or "  no recording can be used")
    for each in findings:
        print(f"\n{_told(each)}")
    print("\nWhat to expect\n" + "\n".join(map(_wrapped, expected)), flush=True)
    times, total = _times(corpus, timed)
    print("\nTime on this machine\n" + "\n".join([*map(_line, times), _wrapped(total)]))
    write_page(page, corpus, findings, parts, expected, times, total)
    serious = list(dict.fromkeys(each.kind for each in findings if each.severity == SERIOUS))
    print(f"\n{_verdict(findings, serious)}; page: {page}, all ids: {page.with_suffix('.csv')}")
    return serious


def _told(finding: Finding) -> str:
    lines = [_wrapped(f"{finding.severity.upper()} {finding.kind}: {finding.sentence}", indent=0)]
    lines += [_wrapped(f"ids: {finding.told()}")] if finding.ids else []
    lines += [_wrapped(f"→ {finding.advice}")] if finding.advice else []
    return "\n".join(lines)


def _wrapped(text: str, indent: int = 2, below: int = 2) -> str:
    """Lines for a terminal, indented, those below the first one by `below`."""
    # an id must stay whole, to be copied
    shape = TextWrapper(WIDTH, " " * indent, " " * below, break_long_words=False, break_on_hyphens=False)
    return shape.fill(text)


def _line(each: Estimate) -> str:
    return _wrapped(f"{each.stage:12}{each.seconds / 60:7.1f} min  {each.how}", below=25)


def _times(corpus: CheckedCorpus, timed: bool) -> tuple[list[Estimate], str]:
    """The estimates, and what is said of them all; none, and why, where they cannot be made."""
    if not timed:
        return [], "Not measured (time=false)."
    try:
        found = estimate(corpus)
    except UserError as error:
        return [], f"Not measured: {error}."
    jobs = corpus.config.trainer.jobs
    minutes = together(found, jobs) / 60
    return found, (
        f"All together, with trainer.jobs={jobs}: about {minutes:.0f} minutes; {NOT_COUNTED}. Measured with the "
        f"settings of {corpus.config.name} on some of these pairs, and with all that else runs on this machine now."
    )


def _verdict(findings: list[Finding], serious: list[str]) -> str:
    if serious:
        return f"{len(serious)} serious: {', '.join(serious)}"
    return "nothing serious" if findings else "nothing looks wrong"
