"""DRAL (Avila & Ward 2023): bilingual speakers re-enact parts of their conversations in their other language.

https://github.com/joneavila/DRAL: fragments-short.csv has a row for each fragment of either language (id,
participant_id_unique, lang_code, trans_id, …); trans_id is the fragment that says the same in the other language. The
sound is `fragments-short/ID.wav` beside the table. It has no text and no splits.
"""

from pathlib import Path

from speech2code.corpora.importers.joining import Utterance, join
from speech2code.corpora.importers.request import Imported, Request
from speech2code.corpora.importers.tables import Getter, rows
from speech2code.errors import UserError


def read(request: Request) -> Imported:
    table = Path(request.inputs[0])
    languages = [request.options.get(side, usual).upper() for side, usual in (("source", "ES"), ("target", "EN"))]
    if languages[0] == languages[1]:
        raise UserError(f"source and target are both {languages[0]}; give two languages, such as source=ES target=EN")
    sides: dict[str, dict[str, list[Utterance]]] = {}
    for _, row in rows(table, header=True):
        get = Getter(row, table)
        id, language = get("id") or "", (get("lang_code") or "").upper()
        # both sides go by the name of the source
        name = id if language == languages[0] else get("trans_id") or id
        sound = table.with_suffix("") / f"{id}.wav"
        spoken = Utterance(sound, speaker=get("participant_id_unique"))
        sides.setdefault(language, {}).setdefault(name, []).append(spoken)
    for language in languages:
        if language not in sides:
            raise UserError(f"{table} has no fragment in {language}; choose source and target among {', '.join(sides)}")
    return join(sides[languages[0]], sides[languages[1]])
