"""What was found → one HTML file with pictures and sounds inside: it opens anywhere, without a network."""

from pathlib import Path

from speech2code.audio.files import SAMPLE_RATE
from speech2code.corpora.store import SIDES
from speech2code.data_check import plots, sound_checks
from speech2code.data_check.corpus import CheckedCorpus
from speech2code.data_check.findings import Finding
from speech2code.data_check.summary import Part
from speech2code.data_check.timing import Estimate
from speech2code.errors import UserError
from speech2code.files import write_atomically
from speech2code.report.figures import sound, spectrogram
from speech2code.report.page import template

PLAYED = 2  # pairs of a finding that can be listened to
LONGEST = 8.0  # seconds of a player: a page of long files would be too large
LISTED = 200  # ids of a finding on the page; the CSV has all


def write_page(
    path: Path,
    corpus: CheckedCorpus,
    findings: list[Finding],
    parts: list[Part],
    expected: list[str],
    times: list[Estimate],
    total: str,
) -> None:
    """`total`: what is said of the time of all stages together, or why it was not measured."""
    html = template(Path(__file__).with_name("check.html.jinja")).render(
        manifest=Path(str(corpus.config.corpus.path)).name,
        findings=[{"found": each, "sounds": _sounds(corpus, each)} for each in findings],
        parts=parts,
        spread=plots.spread(corpus),
        lengths=plots.lengths(corpus, findings),
        expected=expected,
        times=times,
        total=total,
        listed=LISTED,
        list=path.with_suffix(".csv").name,
        limits=sound_checks,
    )
    with write_atomically(path) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _sounds(corpus: CheckedCorpus, finding: Finding) -> list[dict]:
    """Players of the first pairs of a finding, of the sides that it is about."""
    sides = SIDES if finding.side == "both" else (finding.side,)
    names = list(finding.ids)[:PLAYED]
    chosen = [
        each for name in names for side in sides for each in corpus.recordings[side] if each.id == name and each.quality
    ]
    found = []
    for each in chosen:
        try:
            waveform = each.pair.recording(each.side)[: round(LONGEST * SAMPLE_RATE)]
        except UserError:  # gone since it was measured
            continue
        if len(waveform):
            picture, player = spectrogram(waveform), sound(waveform)
            found.append({"id": each.id, "side": each.side, "picture": picture, "audio": player})
    return found
