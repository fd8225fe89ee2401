"""Who works in a folder: a second process is told of the first one, and refused."""

import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from speech2code.errors import UserError

LOCK = ".speech2code.lock"  # in the folder; it stays there, and means nothing unless the kernel says that it is held


@contextmanager
def hold(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Holds `folder`, which is made where there is none, against every other process until the end of the block.

    The lock is the kernel's (`flock`), so it ends with its process, however that ends: none is ever stale. Hosts that
    share a file system share it too, where that passes locks on (NFS does); where it knows none, a line on stderr says
    that nobody watches.

    UserError names process and host where another one holds the folder; with `wait` it is waited for instead."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / LOCK, "a+", encoding="utf-8") as file:
        _lock(file, folder, wait)
        file.truncate(0)
        file.write(f"process {os.getpid()} on {socket.gethostname()}")
        file.flush()
        yield


def _lock(file: TextIO, folder: Path, wait: bool) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read() or "another process"
        if not wait:
            raise UserError(
                f"{folder} is in use: {holder} works there; wait for its end, or give this experiment another name=…"
            ) from None
        print(f"{folder} is in use: waiting for {holder}", file=sys.stderr, flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        print(
            f"{folder} cannot be locked ({error.strerror}): see to it that no second process works there",
            file=sys.stderr,
            flush=True,
        )
