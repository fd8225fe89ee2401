"""Formats that libsndfile does not know: decoded by ffmpeg where there is one, else refused by a sentence."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech2code.audio import reading
from speech2code.audio.files import audio_size, load_waveform, save_waveform
from speech2code.errors import UserError

TONE = (0.3 * np.sin(np.arange(44_100) * 0.1)).astype(np.float32)
REAL = shutil.which("ffmpeg")


@pytest.fixture
def memo(tmp_path):
    path = tmp_path / "-memo; touch x.m4a"
    path.write_bytes(b"\0\0\0\x20ftypM4A nothing that libsndfile knows" * 9)
    return path


@pytest.fixture
def ffmpeg(tmp_path, monkeypatch):
    """Puts a script of the given lines of Python on the path under the name ffmpeg; none: there is no such program."""

    def put(*lines):
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
        (tmp_path / "bin").mkdir()
        if lines:
            program = tmp_path / "bin" / "ffmpeg"
            program.write_text("\n".join([f"#!{sys.executable}", "import sys", *lines]))
            program.chmod(0o755)

    return put


def test_without_ffmpeg_one_sentence_says_what_to_install(memo, tmp_path, ffmpeg, refused):
    ffmpeg()
    sentence = refused("translate", str(memo), str(tmp_path / "out.wav"), "model=none")
    assert "m4a: Format not recognised; to read other formats (m4a, wma, video), install ffmpeg" in sentence


def test_what_ffmpeg_decodes_is_read_at_its_own_rate(memo, tmp_path, ffmpeg):
    soundfile.write(tmp_path / "memo.wav", np.stack([TONE, TONE], axis=1), 44_100)
    arguments = tmp_path / "arguments"
    copy = f"import shutil; shutil.copyfile({str(tmp_path / 'memo.wav')!r}, sys.argv[-1])"
    ffmpeg(f"open({str(arguments)!r}, 'w').write(chr(10).join(sys.argv[1:]))", copy)
    assert len(load_waveform(memo)) == 16_000 and audio_size(memo) == (44_100, 44_100)
    given = arguments.read_text().split("\n")
    assert given[given.index("-i") + 1] == f"file:{memo}"
    assert given[given.index("-protocol_whitelist") + 1] == "file" and "-nostdin" in given
    assert not Path(given[-1]).parent.exists()  # nothing is left behind
    assert not (tmp_path / "x.m4a").exists()


def test_what_libsndfile_knows_needs_no_ffmpeg(tmp_path, ffmpeg):
    ffmpeg("sys.exit('called')")
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3"):
        save_waveform(tmp_path / name, TONE)
        assert len(load_waveform(tmp_path / name)) == len(TONE)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (
            ["sys.exit('[mov @ 0x5] moov atom not found\\nmore')"],
            r"recognised; nor does ffmpeg read it \(moov atom not",
        ),
        (["sys.exit(3)"], r"nor does ffmpeg read it \(exit 3\)"),
        (["pass"], r"nor does ffmpeg read it \(.*System error"),
        (["open(sys.argv[-1], 'w').write('no sound')"], r"nor does ffmpeg read it \(.*Format not recognised"),
    ],
)
def test_what_ffmpeg_does_not_read_either(memo, ffmpeg, lines, reason):
    ffmpeg(*lines)
    with pytest.raises(UserError, match=reason):
        load_waveform(memo)


def test_an_ffmpeg_that_never_ends(memo, ffmpeg, monkeypatch):
    monkeypatch.setattr(reading, "TIMEOUT", 0.5)
    ffmpeg("import time", "time.sleep(60)")
    with pytest.raises(UserError, match=r"ffmpeg needs more than 0\.5 s"):
        load_waveform(memo)


def test_an_ffmpeg_that_does_not_run(memo, tmp_path, ffmpeg):
    ffmpeg("")
    (tmp_path / "bin" / "ffmpeg").write_text("#!/no/such/interpreter")
    with pytest.raises(UserError, match=r"nor does ffmpeg read it .*bin/ffmpeg"):
        load_waveform(memo)


@pytest.mark.skipif(REAL is None, reason="ffmpeg is not installed")
class TestRealFfmpeg:
    @pytest.mark.parametrize(
        "name", ["a.m4a", "a.wma", "a.opus", "a.mkv", "a.webm", "a.mp4", "a.amr", "a.ac3", "a.3gp"]
    )
    def test_formats_that_people_have(self, tmp_path, name):
        soundfile.write(tmp_path / "a.wav", TONE, 44_100)
        convert = [REAL, "-v", "error", "-i", "a.wav", name]
        if subprocess.run(convert, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode:
            pytest.skip("this ffmpeg cannot write it")
        assert len(load_waveform(tmp_path / name)) == pytest.approx(16_000, abs=3_000)  # encoders pad

    def test_the_sound_of_a_video(self, tmp_path):
        soundfile.write(tmp_path / "a.wav", TONE, 44_100)
        picture = ["-f", "lavfi", "-i", "testsrc=duration=1:size=64x64:rate=5", "-i", "a.wav", "-c:v", "mpeg4"]
        subprocess.run([REAL, "-v", "error", *picture, "a.mp4"], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
        assert len(load_waveform(tmp_path / "a.mp4")) == pytest.approx(16_000, abs=3_000)

    def test_what_is_longer_than_the_limit_is_refused_and_not_cut(self, tmp_path, monkeypatch):
        monkeypatch.setattr(reading, "MAX_SECONDS", 1)
        soundfile.write(tmp_path / "a.wav", np.tile(TONE, 4), 44_100)
        subprocess.run(
            [REAL, "-v", "error", "-i", "a.wav", "a.m4a"], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL
        )
        with pytest.raises(UserError, match="longer than 1 s"):
            load_waveform(tmp_path / "a.m4a")
        monkeypatch.setattr(reading, "MAX_SECONDS", 600)
        monkeypatch.setattr(reading, "MAX_BYTES", 4 * 44_100 * 2)
        monkeypatch.setattr(reading, "BLOCK", 1_000)
        with pytest.raises(UserError, match="longer than 2 s"):
            load_waveform(tmp_path / "a.m4a")

    @pytest.mark.parametrize("name", ["list.m3u8", "list.wav"])
    def test_a_playlist_opens_no_other_file(self, tmp_path, name):
        soundfile.write(tmp_path / "a.wav", TONE, 44_100)
        subprocess.run([REAL, "-v", "error", "-i", "a.wav", "a.ts"], cwd=tmp_path, check=True, stdin=subprocess.DEVNULL)
        (tmp_path / name).write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\na.ts\n#EXT-X-ENDLIST\n")
        with pytest.raises(UserError, match="nor does ffmpeg read it"):
            load_waveform(tmp_path / name)
