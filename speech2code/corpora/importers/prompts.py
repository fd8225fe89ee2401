"""Telephone prompts of Asterisk, one professional speaker a language: Debian's `asterisk-core-sounds-fr-g722` …

A package puts `NAME.g722` (ITU-T G.722 without a header, 16 kHz) into /usr/share/asterisk/sounds/LANGUAGE_…/, also in
folders such as digits/. Its texts are in `asterisk-core-sounds-fr`, /usr/share/doc/…/core-sounds-fr.txt.gz: lines
`NAME: text`, and remarks after `;`. Sounds that are no speech have a remark for a text: [ascending tones], (beep),
<beep>. Where one side lacks a text, the other one's tells. `dpkg-deb -x` instead of an installation keeps the same
folders, and will do.

ffmpeg decodes them to FLAC beside the manifest.
"""

import re
import shutil
import subprocess
from pathlib import Path

from tqdm import tqdm

from speech2code.audio.reading import INSTALL, TIMEOUT
from speech2code.corpora.checks import Rejection
from speech2code.corpora.importers.joining import Utterance, join
from speech2code.corpora.importers.request import Imported, Request, claim_sound, folder_of
from speech2code.corpora.lines import read_lines
from speech2code.corpora.pairs import Pair
from speech2code.corpora.store import SIDES
from speech2code.errors import UserError
from speech2code.files import check_regular, is_younger, safe_name, write_atomically

REMARK = re.compile(r"\([^)]*\)?|\[[^]]*\]|<[^>]*>")  # what is said about the sound, and not in it
QUOTES = '“”" '
UNLIKE = 4  # times as long; French prompts are up to 2.5 times as long as the English ones, or as short


def read(request: Request) -> Imported:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        raise UserError(f"the prompts are G.722, which ffmpeg decodes, and there is none; install it ({INSTALL})")
    folders = dict(zip(SIDES, map(folder_of, request.inputs)))
    left_out: list[Rejection] = []
    spoken = {}
    for side, folder in folders.items():
        texts = _texts(folder, request.options.get(f"{side}_text"))
        spoken[side] = _spoken(folder, texts, side, request.sound / side, left_out)
    found = join(spoken["source"], spoken["target"], left_out)
    files = {pair.id: [folder / f"{pair.id}.g722" for folder in folders.values()] for pair in found.pairs}
    reasons = {pair.id: _fault(pair, files[pair.id]) for pair in found.pairs}
    found.left_out += [Rejection(id, "both", reason) for id, reason in reasons.items() if reason]
    found.pairs = [pair for pair in found.pairs if not reasons[pair.id]]
    claim_sound(request.sound)
    for pair in tqdm(found.pairs, desc="decode", unit="pair", disable=None):  # shown on a terminal only
        for side, file in zip(SIDES, files[pair.id]):
            _decode(ffmpeg, file, getattr(pair, f"{side}_audio"))
    return found


def _fault(pair: Pair, files: list[Path]) -> str | None:
    """Why two prompts of one name are no pair. G.722 has a fixed bit rate: sizes are to each other as lengths are."""
    if not (pair.source_text or pair.target_text):
        return "no text on either side: it may be no speech"
    sizes = sorted(file.stat().st_size for file in files)
    if sizes[1] > UNLIKE * sizes[0]:
        return f"no translation: one side is over {UNLIKE} times as long as the other"
    return None


def _texts(folder: Path, given: str | None) -> dict[str, str]:
    """Name → what is said, "" where it is no speech; of fr_CA_f_June in ../../../doc/asterisk-core-sounds-fr."""
    language = folder.resolve().name.partition("_")[0]
    doc = folder.resolve().parent.parent.parent / "doc" / f"asterisk-core-sounds-{language}"
    path = Path(given) if given else doc / f"core-sounds-{language}.txt.gz"
    check_regular(path, missing=f"install asterisk-core-sounds-{language}, or name it: source_text=… or target_text=…")
    lines = (line.strip() for _, line in read_lines(path))
    parts = (line.partition(":") for line in lines if line and not line.startswith(";"))
    said = {name.strip(): text for name, _, text in parts if text.strip()}
    return {name: " ".join(REMARK.sub(" ", text).split()).strip(QUOTES) for name, text in said.items()}


def _spoken(
    folder: Path, texts: dict[str, str], side: str, sound: Path, left_out: list[Rejection]
) -> dict[str, list[Utterance]]:
    """All prompts of a language but those whose text is a remark; some have no text."""
    found = {}
    for path in sorted(folder.rglob("*.g722")):
        name = str(path.relative_to(folder).with_suffix(""))
        if texts.get(name) == "":
            left_out.append(Rejection(name, side, "no speech, by its text"))
        else:
            flac = sound / f"{safe_name(name)}.flac"
            found[name] = [Utterance(flac, texts.get(name), folder.resolve().name)]
    return found


def _decode(ffmpeg: str, path: Path, flac: Path) -> None:
    """Once: a second run goes on where the first was interrupted."""
    if is_younger(flac, [path]):
        return
    with write_atomically(flac) as temporary:
        command = [ffmpeg, "-nostdin", "-v", "error", "-y", "-f", "g722", "-i", f"file:{path.absolute()}"]
        try:
            ended = subprocess.run(
                [*command, "-f", "flac", f"file:{temporary.absolute()}"],
                stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise UserError(f"ffmpeg needs more than {TIMEOUT} s for {path}; is it G.722?") from error
        if ended.returncode:
            complaint = ended.stderr.decode(errors="replace").strip().partition("\n")[0]
            raise UserError(f"ffmpeg cannot decode {path} ({complaint}); is it G.722?")
