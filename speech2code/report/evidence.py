"""What a table rests on, small enough to stand beside it: settings, records, transcripts and figures of its runs."""

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

from speech2code.files import write_atomically
from speech2code.records import RECORD, read_record
from speech2code.report.cells import FAILED, SWEEP
from speech2code.report.run_folder import MADE_BY, check_table

NAMES = {RECORD, SWEEP, FAILED, "config.yaml", *(Path(name).name for name in MADE_BY)}
TABLES = ".tsv"  # transcripts


def write_evidence(run: Path, path: Path) -> None:
    """The folder of a sweep or of a single run → an archive, alike wherever the same files are packed.

    Unpacked into `runs/` (`tar -xf evidence.tar.xz -C runs`) it is enough for `speech2code table`; trainings of other
    seeds made elsewhere can join it there. What a run shares with others is packed as its own."""
    with write_atomically(path) as temporary, tarfile.open(temporary, "w:xz", dereference=True) as archive:
        for file in sorted(_kept(run)):
            archive.add(file, f"{run.name}/{file.relative_to(run)}", filter=_anonymous)


def _kept(run: Path) -> Iterator[Path]:
    for folder, _, files in os.walk(run, followlinks=True):
        stage = Path(folder)
        for name in (each for each in files if each.endswith(TABLES)):
            check_table(stage / name, read_record(stage.parent, stage.name) or {})
        yield from (Path(folder, name) for name in files if name in NAMES or name.endswith(TABLES))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = member.mtime = 0
    member.uname = member.gname = ""
    member.mode = 0o644
    return member
