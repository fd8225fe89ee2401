"""The advice fits the error of the operating system."""

import errno
import os

import pytest

from speech2code.errors import ADVICE, UserError, told
from speech2code.files import write_json


@pytest.mark.parametrize(("number", "advice"), [
    (errno.ENOSPC, "free space"), (errno.EACCES, "chmod"), (errno.EROFS, "can be written"), (errno.ENOENT, "spelt"),
    (errno.ENOTDIR, "is a file"), (errno.EMFILE, "ulimit -n"), (errno.ENAMETOOLONG, "a shorter name"),
    (errno.EINTR, "run the same command again"),
])  # fmt: skip
def test_each_error_has_its_advice(tmp_path, monkeypatch, number, advice):
    def fails(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", fails)
    with pytest.raises(UserError, match=rf"cannot write \S+a\.json: {os.strerror(number)}; .*{advice}") as caught:
        write_json(tmp_path / "a.json", 1)
    assert ("free space" in str(caught.value)) == (number == errno.ENOSPC)
    assert not list(tmp_path.iterdir())


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_full_disk_under_tensorboards_thread_is_told_by_the_main_one(transcribed, tmp_path, refused, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tensorboard.summary.writer.record_writer.RecordWriter.write", full)
    told = refused("train", "units", *transcribed.overrides(tmp_path))
    assert "No space left on device" in told


def test_only_a_full_disk_is_told_to_be_full():
    assert {number for number in ADVICE if "free space" in told(OSError(number, ""))} == {errno.ENOSPC, errno.EDQUOT}


def test_what_the_system_says_itself(tmp_path, refused):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="a part of that path is a file"):
        write_json(tmp_path / "file" / "folder" / "a.json", 1)
    with pytest.raises(UserError, match="choose a shorter name"):
        write_json(tmp_path / ("a" * 260), 1)
    told = refused("prepare", "name=a", f"data={tmp_path}/file", f"runs={tmp_path}")
    assert "free space" not in told and "file" in told
