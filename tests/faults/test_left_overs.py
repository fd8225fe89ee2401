"""What killed processes, other clocks and other users leave behind."""

import gzip
import os
import stat
import tracemalloc
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import Corpus, record

from speech2code.cli import main
from speech2code.config import TrainerConfig, TrainingConfig
from speech2code.corpora.lines import read_lines
from speech2code.corpora.store import problem_of
from speech2code.errors import UserError
from speech2code.files import is_younger, write_atomically
from speech2code.npz import read_npz
from speech2code.stages.record import stage
from speech2code.training.checkpoints import LAST, WEIGHTS, load_checkpoint, save_checkpoint, save_weights
from speech2code.training.loop import fit
from speech2code.units.sequences import UnitSequences

GONE = 2**22 + 1  # beyond the largest process number
SMALL = {"train": 6, "dev": 2, "test": 2}


@pytest.fixture
def recordings(tmp_path):
    return Corpus(record(tmp_path / "recordings", text=False, splits=SMALL), tmp_path / "data")


def test_shards_of_a_killed_prepare_are_taken_where_they_are_whole(recordings, tmp_path, monkeypatch):
    overrides = recordings.overrides(tmp_path / "runs")

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(SystemExit):
        patched.setattr("speech2code.corpora.prepare.join", killed)
        main(["prepare", *overrides])
    one, two, _ = sorted(recordings.folder.glob(".shards-*/*.npz"))
    one.write_bytes(one.read_bytes()[:-100])
    content = bytearray(two.read_bytes())
    content[len(content) // 2] ^= 1
    two.write_bytes(content)
    (recordings.folder / f".corpus.json.{GONE}.part").touch()
    main(["prepare", *overrides])
    assert problem_of(recordings.folder) is None
    assert not list(recordings.folder.glob(".shards-*")) and not list(recordings.folder.rglob("*.part"))
    (recordings.folder / ".shards-0123").mkdir()  # as one leaves it who is killed at the very end
    (recordings.folder / ".shards-0123" / "train-0000000.npz").touch()
    main(["prepare", *overrides])
    assert not (recordings.folder / ".shards-0123").exists()


def test_a_stage_clears_what_a_killed_process_left_and_nobody_elses(tmp_path):
    folder = tmp_path / "decoding" / "test"
    folder.mkdir(parents=True)
    left, living = folder / f".a.wav.{GONE}.part", folder / f".b.wav.{os.getpid()}.part"
    left.touch()
    living.touch()
    with stage(tmp_path, "decoding", {}):
        pass
    assert not left.exists() and living.exists()


def test_what_is_dated_in_the_future_is_made_anew(tmp_path):
    page, data = tmp_path / "report.html", tmp_path / "stage.json"
    assert not is_younger(page, [])
    data.touch()
    page.touch()
    assert is_younger(page, [data, tmp_path / "none"])
    os.utime(page, (2**33, 2**33))
    assert not is_younger(page, [data])


def test_weights_can_be_read_by_whom_the_user_lets(tmp_path):
    before = os.umask(0o022)
    try:
        save_weights(tmp_path / WEIGHTS, torch.nn.Linear(2, 2))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / WEIGHTS).stat().st_mode) == 0o644


def test_who_may_not_read_is_told_so(tmp_path, monkeypatch):
    save_weights(tmp_path / WEIGHTS, torch.nn.Linear(2, 2))

    def forbidden(path, *_):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("speech2code.files.os.stat", forbidden)  # root may read all
    with pytest.raises(UserError, match=r"safetensors: Permission denied; give yourself the right to it \(chmod\)"):
        load_checkpoint(tmp_path / WEIGHTS, torch.nn.Linear(2, 2))


def test_a_training_is_not_gone_on_with_by_another_number_of_processes(tmp_path):
    from lightning_fabric import Fabric

    model = torch.nn.Linear(2, 2)
    optimiser = torch.optim.AdamW(model.parameters())
    save_checkpoint(tmp_path / LAST, model, optimiser, {"step": 3, "processes": 2})
    task = SimpleNamespace(name="toy", model=torch.nn.Linear(2, 2))
    with pytest.raises(
        UserError, match=r"a training with 2 processes, and now there are 1; go on with trainer\.devices=2"
    ):
        fit(task, TrainingConfig(steps=5), TrainerConfig(), tmp_path, Fabric(accelerator="cpu", devices=1))


# bombs: a small file that unpacks into a large one


def bomb(path, name, size=200_000_000):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open(name, "w") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|i1", "fortran_order": False, "shape": (size,)})
        for _ in range(size // 10_000_000):
            file.write(bytes(10_000_000))


@pytest.fixture
def little_memory():
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


def test_an_npz_that_is_compressed_is_not_unpacked(tmp_path, little_memory):
    bomb(tmp_path / "train.npz", "units.npy", 20_000_000)
    with pytest.raises(UserError, match="it is compressed"):
        read_npz(tmp_path / "train.npz")
    with pytest.raises(UserError, match=r"cannot read units .*train\.npz: it is damaged, or none .*it is compressed"):
        UnitSequences.load(tmp_path / "train.npz")


@pytest.mark.parametrize("shape", ["(10,)", "(-3,)", f"({10**13},)", f"({10**13}, {10**13})", "(" * 300])
def test_an_array_that_lies_about_its_size(tmp_path, shape):
    header = f"{{'descr': '<i8', 'fortran_order': False, 'shape': {shape}, }}".ljust(400).encode()
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(8))
    with pytest.raises(UserError, match=r"cannot read .*a\.npz"):
        read_npz(tmp_path / "a.npz")


def test_arrays_come_back(tmp_path):
    with write_atomically(tmp_path / "a.npz") as temporary, open(temporary, "wb") as file:
        np.savez(file, one=np.arange(3), two=np.array(["x"]))
    assert read_npz(tmp_path / "a.npz")["one"].tolist() == [0, 1, 2]
    assert read_npz(tmp_path / "a.npz", "two").keys() == {"two"}
    with pytest.raises(UserError, match="three"):
        read_npz(tmp_path / "a.npz", "three")


def test_a_gzip_of_endless_lines_is_not_read_to_its_end(tmp_path, little_memory):
    line = b"a" * 5000 + b"\t" + b"b" * 5000 + b"\n"
    with gzip.open(tmp_path / "train.tsv.gz", "wb", 1) as file:
        for _ in range(40):
            file.write(line * 100)
    read = 0
    with pytest.raises(UserError, match="unpacks to over 100 times its size"):
        for _ in read_lines(tmp_path / "train.tsv.gz"):
            read += 1
    assert read < 3_500


def test_ordinary_text_is_unpacked(tmp_path):
    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(Path(__file__).read_bytes()))
    assert len(list(read_lines(tmp_path / "a.tsv.gz"))) > 100
