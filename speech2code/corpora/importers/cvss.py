"""CVSS (Jia et al. 2022): synthetic English speech that translates recordings of Common Voice 4.

https://github.com/google-research-datasets/cvss: an archive holds train.tsv, dev.tsv and test.tsv, without header (the
clip of Common Voice, normalised English), and folders train, dev and test of `CLIP.wav`, such as
`common_voice_fr_19176154.mp3.wav`. (So does SpeechBrain's recipe `CVSS` read them.) Common Voice's folder holds
`clips/` and validated.tsv, whose columns path, sentence and client_id say the rest.
"""

from dataclasses import replace
from pathlib import Path

from speech2code.corpora.importers.joining import Utterance, join
from speech2code.corpora.importers.request import Imported, Request, folder_of
from speech2code.corpora.importers.tables import Getter, rows, utterances
from speech2code.files import check_regular


def read(request: Request) -> Imported:
    common_voice, cvss = map(folder_of, request.inputs)
    target = utterances(cvss, {"id": "1", "audio": "{split}/{1}.wav", "text": "2"}, header=False)
    return join(_source(common_voice, target), target)


def _source(folder: Path, wanted: dict[str, list[Utterance]]) -> dict[str, list[Utterance]]:
    """The clips that CVSS translates; Common Voice has many more."""
    table, found = folder / "validated.tsv", {}
    check_regular(table, missing="give the folder of Common Voice 4 that holds validated.tsv and clips/")
    for _, row in rows(table, header=True):
        get = Getter(row, table)
        clip = get("path") or ""
        if clip in wanted and clip not in found:
            spoken = Utterance(folder / "clips" / clip, get("sentence"), get("client_id"))
            found[clip] = [replace(spoken, split=wanted[clip][0].split)]
    return found
