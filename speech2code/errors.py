"""The one exception a user sees as a sentence instead of a traceback, and what to say of the system's own errors."""

import errno

CHMOD = "give yourself the right to it (chmod) or choose another folder"
FREE = "free space or choose another folder"
OPEN = "raise the limit of open files (ulimit -n) or lower trainer.jobs"
ADVICE = {  # number of an error of the operating system → what helps
    errno.ENOSPC: FREE,
    errno.EDQUOT: FREE,
    errno.EACCES: CHMOD,
    errno.EPERM: CHMOD,
    errno.EROFS: "choose a folder on a disk that can be written",
    errno.ENOENT: "check how the path is spelt, and that its folder exists",
    errno.ENOTDIR: "a part of that path is a file; choose another folder",
    errno.EISDIR: "a folder has that name; choose another name",
    errno.EEXIST: "a file has that name; move it away or choose another name",
    errno.ENOTEMPTY: "move away what is in it, or choose another name",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "its links lead in a circle; choose another folder",
    errno.EMFILE: OPEN,
    errno.ENFILE: OPEN,
    errno.ENOMEM: "close other programs, or lower trainer.jobs",
    errno.EFBIG: "the disk takes no file of that size; choose another folder",
    errno.EIO: "the disk fails; choose a folder on another one",
    errno.ESTALE: "the network disk has lost it; run the same command again",
}


class UserError(Exception):
    """Bad input or a missing program: one sentence that says what is wrong, where, and what to do."""


def told(error: OSError) -> str:
    """An error of the operating system → what is wrong; what helps. Libraries that write files say little and give no
    number: then the disk is full, for `write_atomically` has opened the file before."""
    advice = FREE if error.errno is None else ADVICE.get(error.errno, "mend that and run the same command again")
    return f"{error.strerror or error}; {advice}"
