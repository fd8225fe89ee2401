"""Recordings whose header lies, whose numbers are wild, or that are no files: read rightly or refused in a sentence."""

import os
import socket
import stat
import struct
import tracemalloc

import numpy as np
import pytest
import soundfile

from speech2code.audio import reading
from speech2code.audio.files import audio_size, load_waveform, save_waveform
from speech2code.corpora.pairs import Pair
from speech2code.corpora.shards import make_shard
from speech2code.errors import UserError

TONE = (0.3 * np.sin(np.arange(16_000) * 0.2)).astype(np.float32)
SOUNDS = {"1e20": 1e20, "3e38": 3e38, "infinite": np.inf, "NaN": np.nan}


def flac_that_says(path, total):
    """A FLAC of one second whose header tells another number of samples."""
    soundfile.write(path, TONE, 16_000)
    content = bytearray(path.read_bytes())
    fields = int.from_bytes(content[18:26], "big")  # rate, channels and bits, then 36 bits of total samples
    content[18:26] = (fields >> 36 << 36 | total).to_bytes(8, "big")
    path.write_bytes(content)
    return path


def ogg_that_says(path, granule=None, rate=None):
    """An Ogg of one second with another last position or another rate, and page checksums that fit."""
    soundfile.write(path, TONE, 16_000)
    content = bytearray(path.read_bytes())
    starts = [place for place in range(len(content)) if content[place : place + 4] == b"OggS"]
    if rate is not None:
        struct.pack_into("<I", content, content.index(b"\x01vorbis") + 12, rate)
    if granule is not None:
        struct.pack_into("<q", content, starts[-1] + 6, granule)
    for start, end in zip(starts, [*starts[1:], len(content)]):
        struct.pack_into("<I", content, start + 22, 0)
        struct.pack_into("<I", content, start + 22, ogg_checksum(content[start:end]))
    path.write_bytes(content)
    return path


def ogg_checksum(page):
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value


def wav_that_says(path, rate):
    soundfile.write(path, TONE, 16_000)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, 24, rate)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("total", [0, 2**31, 2**34 + 16_000, 2**36 - 1])
def test_a_flac_whose_header_lies_about_its_length(tmp_path, total):
    path = flac_that_says(tmp_path / "a.flac", total)
    tracemalloc.start()
    np.testing.assert_allclose(load_waveform(path), TONE, atol=1e-4)
    assert tracemalloc.get_traced_memory()[1] < 32e6  # bytes
    tracemalloc.stop()
    assert audio_size(path) == (16_000, 16_000)


@pytest.mark.parametrize("granule", [2**31, 2**40, 2**62])
def test_an_ogg_whose_last_page_lies_about_its_position(tmp_path, granule):
    found = load_waveform(ogg_that_says(tmp_path / "a.ogg", granule))
    assert 16_000 <= len(found) < 18_000  # what its packets hold
    np.testing.assert_allclose(found[:15_000], TONE[:15_000], atol=0.05)


@pytest.mark.parametrize("rate", [1, 3_999, 384_010, 600_000])
def test_a_rate_that_no_recording_has(tmp_path, rate):
    soundfile.write(tmp_path / "a.flac", TONE, rate)
    for path in (
        tmp_path / "a.flac",
        wav_that_says(tmp_path / "a.wav", rate),
        ogg_that_says(tmp_path / "a.ogg", rate=rate),
    ):
        for read in (load_waveform, audio_size):
            with pytest.raises(UserError, match=rf"{path.name}: its sample rate is {rate} Hz, not 4000 to 384000"):
                read(path)


@pytest.mark.parametrize("rate", [4_000, 384_000])
def test_the_slowest_and_the_fastest_rate(tmp_path, rate):
    assert len(load_waveform(wav_that_says(tmp_path / "a.wav", rate))) == pytest.approx(16_000 * 16_000 / rate, abs=1)


@pytest.mark.parametrize("name", SOUNDS)
def test_float_samples_that_are_no_sound(tmp_path, refused, name):
    wild = np.stack([TONE, TONE], axis=1)
    wild[100:200] = SOUNDS[name]
    soundfile.write(tmp_path / "a.wav", wild, 16_000, subtype="FLOAT")
    sentence = refused("translate", str(tmp_path / "a.wav"), str(tmp_path / "out.wav"), "model=none")
    assert "a.wav: " in sentence and "save it anew as 16-bit WAV" in sentence
    assert ("1e+20" if name == "1e20" else "3e+38" if name == "3e38" else "not a number in it") in sentence


def test_float_samples_a_little_beyond_full_scale_are_sound(tmp_path):
    soundfile.write(tmp_path / "a.wav", 10 * TONE, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(load_waveform(tmp_path / "a.wav"), 10 * TONE)


def test_longer_than_anything_is_read(tmp_path, monkeypatch):
    soundfile.write(tmp_path / "long.wav", np.zeros(601 * 4_000), 4_000, subtype="PCM_U8")
    with pytest.raises(
        UserError, match=r"long.wav: it lasts longer than 600 s; cut it into one file for each sentence"
    ):
        load_waveform(tmp_path / "long.wav")
    monkeypatch.setattr(reading, "MAX_BYTES", 4 * 2 * 16_000)
    soundfile.write(tmp_path / "wide.wav", np.zeros((16_001, 2)), 16_000)
    with pytest.raises(UserError, match="longer than 1 s"):
        load_waveform(tmp_path / "wide.wav")


@pytest.mark.parametrize("channels", [1, 2, 1000])
def test_many_blocks_are_one_recording(tmp_path, monkeypatch, channels):
    monkeypatch.setattr(reading, "BLOCK", 700)
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (3_000, channels)).astype(np.float32)
    soundfile.write(tmp_path / "a.wav", sound, 16_000, subtype="FLOAT")
    assert np.array_equal(load_waveform(tmp_path / "a.wav"), sound.mean(axis=1))


def test_mu_law_of_a_telephone(tmp_path):
    soundfile.write(tmp_path / "a.wav", TONE, 8_000, subtype="ULAW")
    assert audio_size(tmp_path / "a.wav") == (8_000, 16_000) and len(load_waveform(tmp_path / "a.wav")) == 32_000


def place(folder, kind):
    """Something that is no regular file, under a recording's name."""
    path = folder / f"{kind}.wav"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        try:
            os.mknod(path, stat.S_IFCHR | 0o600, os.makedev(1, 5))  # zeros without end
        except PermissionError:
            pytest.skip("only root makes devices")
    return path


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "device"])
def test_only_regular_files_are_opened(tmp_path, refused, kind):
    path = place(tmp_path, kind)
    sentence = refused("translate", str(path), str(tmp_path / "out.wav"), "model=none")
    assert f"cannot read audio {path}: no regular file" in sentence
    (tmp_path / "link.wav").symlink_to(path)
    with pytest.raises(UserError, match=r"link\.wav: no regular file"):
        audio_size(tmp_path / "link.wav")


def test_a_link_to_a_recording_is_read(tmp_path):
    save_waveform(tmp_path / "a.wav", TONE)
    (tmp_path / "link.wav").symlink_to("a.wav")
    assert len(load_waveform(tmp_path / "link.wav")) == 16_000


@pytest.mark.parametrize("name", ["a.raw", "a.RAW"])
def test_a_file_without_a_header(tmp_path, name):
    (tmp_path / name).write_bytes(bytes(1000))
    with pytest.raises(UserError, match=f"cannot read audio .*{name}: it has no header"):
        load_waveform(tmp_path / name)


@pytest.mark.parametrize("content", [bytes(9_000), b"<html>" * 900, b"\xff" * 90], ids=["zeros", "HTML", "ones"])
def test_what_is_no_mp3_is_there_all_the_same(tmp_path, monkeypatch, capfd, content):
    monkeypatch.setenv("PATH", "")  # no ffmpeg
    (tmp_path / "a.mp3").write_bytes(content)
    with pytest.raises(UserError, match=r"a\.mp3: it is damaged, or no recording; to read other formats"):
        load_waveform(tmp_path / "a.mp3")
    assert capfd.readouterr() == ("", "")


def test_a_damaged_mp3_is_read_without_remarks(tmp_path, capfd):
    soundfile.write(tmp_path / "a.mp3", TONE, 16_000)
    content = (tmp_path / "a.mp3").read_bytes()
    (tmp_path / "a.mp3").write_bytes(content + bytes(300) + content)
    assert len(load_waveform(tmp_path / "a.mp3")) >= 16_000
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_a_closed_standard_error(tmp_path):
    save_waveform(tmp_path / "a.wav", TONE)
    kept = os.dup(2)
    os.close(2)
    try:
        assert len(load_waveform(tmp_path / "a.wav")) == 16_000
    finally:
        os.dup2(kept, 2)
        os.close(kept)


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.m4a", "a"])
def test_an_empty_file(tmp_path, name):
    (tmp_path / name).touch()
    with pytest.raises(UserError, match=f"{name}: the file is empty; copy or record it again"):
        load_waveform(tmp_path / name)


def test_a_flac_whose_end_is_damaged(tmp_path):
    soundfile.write(tmp_path / "a.flac", TONE, 16_000)
    content = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(content[:10_000] + bytes(9_000))
    with pytest.raises(UserError, match=r"a\.flac: the file is damaged \(flac decoder lost sync\); copy or record"):
        load_waveform(tmp_path / "a.flac")


@pytest.mark.parametrize("name", ["a\0b.wav", "a" * 300 + ".wav", "none/a.wav"])
def test_a_name_that_no_file_can_have(tmp_path, name):
    with pytest.raises(UserError, match="cannot read audio"):
        load_waveform(f"{tmp_path}/{name}")
    (tmp_path / "none").write_text("a file where the folder should be")
    with pytest.raises(UserError, match="cannot write"):
        save_waveform(f"{tmp_path}/{name}", TONE)


def test_a_name_that_is_not_utf8(tmp_path):
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.wav")
    save_waveform(path, TONE)
    assert len(load_waveform(path)) == 16_000


def test_prepare_refuses_them_one_by_one(tmp_path):
    save_waveform(tmp_path / "good.wav", TONE)
    soundfile.write(tmp_path / "wild.wav", 1e20 * TONE, 16_000, subtype="FLOAT")
    bad = [place(tmp_path, "pipe"), wav_that_says(tmp_path / "slow.wav", 1), tmp_path / "wild.wav"]
    good = tmp_path / "good.wav"
    pairs = [Pair(path.stem, "train", source_audio=good, target_audio=path) for path in [*bad, good]]
    make_shard(tmp_path / "shard.npz", pairs, "level")
    shard = np.load(tmp_path / "shard.npz")
    assert shard["kept"].tolist() == ["good"]
    assert shard["refused"][:, :2].tolist() == [["pipe", "target"], ["slow", "target"], ["wild", "target"]]


@pytest.mark.parametrize("kind", ["pipe", "socket", "folder", "device"])
def test_no_output_replaces_what_is_no_regular_file(tmp_path, kind):
    path = place(tmp_path, kind)
    before = os.lstat(path)
    with pytest.raises(UserError, match=f"cannot write .*{kind}.wav: a {kind} is there, and only regular files"):
        save_waveform(path, TONE)
    assert os.lstat(path) == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("there", [True, False])
def test_no_output_replaces_a_link(tmp_path, there):
    mine, link = tmp_path / "mine.wav", tmp_path / "link.wav"
    if there:
        mine.write_bytes(b"mine")
    link.symlink_to(mine)
    with pytest.raises(UserError, match=r"cannot write .*link.wav: a link is there"):
        save_waveform(link, TONE)
    assert link.is_symlink() and mine.exists() == there and (not there or mine.read_bytes() == b"mine")


@pytest.mark.parametrize("name", ["mine.wav", "./mine.wav", "same.wav"])
def test_no_output_replaces_the_recording_itself(tmp_path, monkeypatch, refused, name):
    monkeypatch.chdir(tmp_path)
    save_waveform("mine.wav", TONE)
    os.link("mine.wav", "same.wav")
    sentence = refused("translate", "mine.wav", name, "model=none")
    assert f"cannot write {name}: it is the recording itself" in sentence


@pytest.mark.parametrize("name", [".", "/", "..", ""])
def test_no_output_is_a_folder(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="a folder is there"):
        save_waveform(name, TONE)


@pytest.mark.parametrize("name", ["a.wve", "a.xi", "a.raw", "a.sd2", "a.txt"])
def test_outputs_that_would_change_the_rate_or_are_no_audio(tmp_path, name):
    with pytest.raises(UserError, match=rf"cannot write .*{name}: .*use \.wav, \.flac, \.ogg or \.mp3"):
        save_waveform(tmp_path / name, TONE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a", "a.wav", "a.FLAC", "a.ogg", "a.mp3"])
def test_every_output_keeps_rate_and_length(tmp_path, name):
    save_waveform(tmp_path / name, TONE)
    assert audio_size(tmp_path / name) == (16_000, 16_000)
