"""Audio files: what is read becomes mono 16 kHz, and a file appears whole or not at all."""

import errno
import os

import librosa
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.audio.files import audio_size, load_waveform, save_waveform
from speech2code.audio.trimming import trim_silence
from speech2code.errors import UserError


def tone(rate, seconds=1.0, hertz=440):
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_another_rate_is_converted(tmp_path, rate):
    soundfile.write(tmp_path / "a.wav", tone(rate), rate)
    waveform = load_waveform(tmp_path / "a.wav")
    assert waveform.dtype == np.float32 and abs(len(waveform) - 16_000) <= 1
    middle = slice(1000, 15_000)
    np.testing.assert_allclose(waveform[middle], tone(16_000)[middle], atol=5e-3)


def test_channels_are_averaged(tmp_path):
    stereo = np.stack([tone(16_000), np.zeros(16_000, np.float32)], axis=1)
    soundfile.write(tmp_path / "a.wav", stereo, 16_000, subtype="FLOAT")
    np.testing.assert_allclose(load_waveform(tmp_path / "a.wav"), tone(16_000) / 2, atol=1e-7)


@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_what_is_saved_is_read_back(tmp_path, name):
    save_waveform(tmp_path / "deep" / name, 3 * tone(16_000))
    np.testing.assert_allclose(load_waveform(tmp_path / "deep" / name), np.clip(3 * tone(16_000), -1, 1), atol=1e-4)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == [name]


def test_a_files_own_rate_and_length_are_known_without_reading_it(tmp_path):
    soundfile.write(tmp_path / "tone.wav", np.stack([tone(44_100, 0.5)] * 2, axis=1), 44_100)
    assert audio_size(tmp_path / "tone.wav") == (44_100, 22_050)
    with pytest.raises(UserError, match=r"cannot read audio .*none.wav: no such file"):
        audio_size(tmp_path / "none.wav")


@pytest.mark.parametrize("content", [b"", b"RIFF", b"this is no audio at all" * 50])
def test_what_is_no_audio_is_named(tmp_path, content):
    (tmp_path / "bad.wav").write_bytes(content)
    with pytest.raises(UserError, match=r"cannot read audio .*bad\.wav: \S"):
        load_waveform(tmp_path / "bad.wav")


def test_a_missing_file_and_an_unknown_format(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        load_waveform(tmp_path / "none.wav")
    with pytest.raises(UserError, match=r"use \.wav, \.flac, \.ogg or \.mp3"):
        save_waveform(tmp_path / "a.doc", tone(16_000))
    assert not list(tmp_path.iterdir())


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("place", ["write", "fsync"])
def test_a_full_disk_leaves_nothing_behind_and_the_old_file_whole(tmp_path, monkeypatch, place):
    save_waveform(tmp_path / "old.wav", tone(16_000))
    before = (tmp_path / "old.wav").read_bytes()
    monkeypatch.setattr(*(soundfile, "write") if place == "write" else (os, "fsync"), full)
    for name in ("old.wav", "new.wav"):
        with pytest.raises(UserError, match=rf"cannot write .*{name}: No space left on device"):
            save_waveform(tmp_path / name, np.zeros(100, np.float32))
    assert [path.name for path in tmp_path.iterdir()] == ["old.wav"]
    assert (tmp_path / "old.wav").read_bytes() == before


def test_silence_is_trimmed_at_the_ends_only():
    gap, sound = np.zeros(8000, np.float32), tone(16_000, 0.5)
    trimmed = trim_silence(np.concatenate([gap, sound, gap, sound, gap]))
    assert abs(len(trimmed) - 24_000) <= 4 * 160
    assert np.array_equal(trim_silence(gap), gap)


@settings(deadline=None, max_examples=30)
@given(st.integers(400, 9000), st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 9))
def test_silence_is_trimmed_as_librosa_does(size, before, after, seed):
    generator = np.random.default_rng(seed)
    loudness = np.concatenate([np.zeros(before), np.hanning(size) ** 3, np.zeros(after)])
    waveform = (0.5 * loudness * generator.standard_normal(len(loudness))).astype(np.float32)
    wanted, _ = librosa.effects.trim(waveform, top_db=40, frame_length=400, hop_length=160)
    assert np.array_equal(trim_silence(waveform), wanted)
