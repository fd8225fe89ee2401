"""How much a machine can hold."""

import os


def memory() -> int:
    """Bytes that this machine has, used ones too."""
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
