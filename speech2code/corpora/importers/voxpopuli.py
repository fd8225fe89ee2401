"""VoxPopuli (Wang et al. 2021): speeches in the European Parliament and their interpretation.

https://github.com/facebookresearch/voxpopuli: `get_s2s_data` writes `transcribed_data/SOURCE/TARGET/s2s.tsv` (or
s2s_ref.tsv) with the columns src_id, src_text, src_speaker_id, tgt_id, tgt_text; its sound is `SOURCE/YEAR/src_id.ogg`
and `SOURCE/TARGET/YEAR/tgt_id.ogg`, and `SOURCE/asr_train.tsv` (dev, test) of `get_asr_data` says in which split a
source is.
"""

from pathlib import Path

from speech2code.corpora.importers.joining import Utterance, add_pair
from speech2code.corpora.importers.request import Imported, Request
from speech2code.corpora.importers.tables import Getter, rows


def read(request: Request) -> Imported:
    table = Path(request.inputs[0])
    splits, found = _splits(table.absolute().parent.parent), Imported()
    for _, row in rows(table, header=True):
        get = Getter(row, table)
        source, target = get("src_id") or "", get("tgt_id") or ""
        said = Utterance(
            table.parent.parent / source[:4] / f"{source}.ogg",
            get("src_text"),
            get("src_speaker_id"),
            splits.get(source) if splits else None,
        )
        interpreted = Utterance(table.parent / target[:4] / f"{target}.ogg", get("tgt_text", optional=True))
        add_pair(found, source, said, interpreted)
    return found


def _splits(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for split in ("train", "dev", "test"):
        table = folder / f"asr_{split}.tsv"
        if table.is_file():
            found |= {row["id"]: split for _, row in rows(table, header=True) if "id" in row}
    return found
