"""Arrays that this program wrote with `numpy.savez`, read so that no damaged or hostile file asks for more memory than
it is long."""

import io
import zipfile
from pathlib import Path

import numpy as np

from speech2code.errors import UserError
from speech2code.files import check_regular


def read_npz(path: Path | str, *names: str) -> dict[str, np.ndarray]:
    """The arrays of those names, or all, of an npz that this program wrote: it compresses none, so no more memory is
    asked for than the file is long.

    UserError where it is missing, damaged, no such file, or has an array less."""
    check_regular(path)
    try:
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive)
            wanted = names or [name.removesuffix(".npy") for name in archive.namelist()]
            return {name: np.load(io.BytesIO(archive.read(f"{name}.npy")), allow_pickle=False) for name in wanted}
    except Exception as error:  # numpy reads headers with Python's own parser: damage makes that raise anything
        raise UserError(f"cannot read {path}: it is damaged, or none of this program's ({error})") from error


def check_sizes(archive: zipfile.ZipFile) -> None:
    """ValueError where what is in an archive takes more room than the archive itself."""
    members = archive.infolist()
    if any(each.compress_type != zipfile.ZIP_STORED for each in members):
        raise ValueError("it is compressed")
    if sum(each.file_size for each in members) > archive.start_dir:  # where its list of contents begins
        raise ValueError("its parts are larger than the whole")
