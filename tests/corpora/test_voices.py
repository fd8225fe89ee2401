"""Voices speak 16 kHz speech, the same each time, and say in one sentence what is missing."""

import ctypes.util
import importlib.util
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from speech2code.corpora.checks import reason_to_reject
from speech2code.corpora.voices import flite, load_voice
from speech2code.errors import UserError

needs_flite = pytest.mark.skipif(shutil.which("flite") is None, reason="the program flite is not installed")
needs_japanese = pytest.mark.skipif(
    importlib.util.find_spec("pyopenjtalk") is None, reason="the extra ja (pyopenjtalk-plus) is not installed"
)
needs_mbrola = pytest.mark.skipif(
    not (shutil.which("mbrola") and shutil.which("espeak-ng") and Path("/usr/share/mbrola/fr1").exists()),
    reason="espeak-ng, mbrola and its voice fr1 are not installed",
)
needs_pico = pytest.mark.skipif(shutil.which("pico2wave") is None, reason="the program pico2wave is not installed")
SPOKEN = [
    ("espeak:fr-fr", "fr", "Elle laça ses chaussures.", "Où va-t-elle donc avec ses chaussures neuves ?"),
    ("espeak:en-us", "en", "She laced her shoes.", "Where is she going with those new shoes of hers?"),
    pytest.param("flite:slt", "en", "Yes, she did.", "Where is she going with her shoes?", marks=needs_flite),
    pytest.param("flite:kal", "en", "Yes, she did.", "Where is she going with her shoes?", marks=needs_flite),
    pytest.param("mbrola:fr1", "fr", "Où va-t-elle ?", "Elle laça ses chaussures neuves.", marks=needs_mbrola),
    pytest.param("pico:fr-FR", "fr", "Où va-t-elle ?", "Elle laça ses <chaussures> neuves.", marks=needs_pico),
    pytest.param("openjtalk:mei", "ja", "行きなさい。", "リンゴはまだ熟していません。", marks=needs_japanese),
]


@pytest.mark.parametrize(("name", "language", "short", "long"), SPOKEN)
def test_speech_is_sound_at_16_khz_and_repeatable(name, language, short, long):
    voice = load_voice(name)
    first, other = voice.speak(short), voice.speak(long)
    assert (voice.name, voice.language) == (name, language)
    assert first.dtype == np.float32 and first.ndim == 1 and np.abs(first).max() <= 1
    assert reason_to_reject(first) is None and reason_to_reject(other) is None
    assert 0.3 < len(first) / 16_000 < len(other) / 16_000 < 5  # wrong rates would make it two or three times as long
    again = pickle.loads(pickle.dumps(voice)).speak(short)
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize("name", ["espeak:en-us", pytest.param("flite:slt", marks=needs_flite)])
def test_phones_cover_the_sentence_and_stand_where_they_sound(name):
    voice, text = load_voice(name), "Six ships, she says."
    waveform, phones = voice.speak_with_phones(text)
    np.testing.assert_array_equal(waveform, voice.speak(text))
    assert [each.start for each in phones[1:]] == pytest.approx([each.end for each in phones[:-1]])
    assert all(each.start < each.end for each in phones) and phones[-1].end == pytest.approx(
        len(waveform) / 16_000, abs=0.1
    )

    def high(phone):  # share of the energy above 3 kHz: sibilants hiss
        spectrum = np.abs(np.fft.rfft(waveform[int(phone.start * 16_000) : int(phone.end * 16_000)])) ** 2
        return spectrum[len(spectrum) * 3 // 8 :].sum() / (spectrum.sum() + 1e-9)

    hisses = [high(each) for each in phones if each.symbol in ("s", "S", "sh")]
    vowels = [high(each) for each in phones if each.symbol in ("ih", "I", "i:", "iy")]
    assert len(hisses) == 6 and len(vowels) >= 2 and min(hisses) > 2 * max(vowels)


def test_a_voice_that_tells_no_phones_says_so():
    class Mute(type(load_voice("espeak:fr-fr")).__base__):
        name, language = "test:mute", "en"

        def _synthesise(self, text):
            return np.ones(1), 16_000, []

    with pytest.raises(UserError, match="voice test:mute does not tell the times of its phones"):
        Mute().speak_with_phones("yes")


def test_espeak_speaks_a_sentence_alike_after_any_other():
    french, english = load_voice("espeak:fr-fr"), load_voice("espeak:en-us")
    first = french.speak("Elle laça ses chaussures.")
    for number in range(4):
        english.speak(f"Number {number} is next.")
        np.testing.assert_array_equal(first, french.speak("Elle laça ses chaussures."))


def test_speech_differs_with_text_and_language():
    said = [load_voice(f"espeak:{tag}").speak("table") for tag in ("fr-fr", "en-us")]
    assert len(said[0]) != len(said[1])
    accents = [load_voice("espeak:fr-fr").speak(text) for text in ("il a mangé", "il a mange")]
    assert len(accents[0]) != len(accents[1])


@needs_flite
def test_flite_keeps_letters_under_accents_and_takes_options_for_text():
    voice = load_voice("flite:kal")
    np.testing.assert_array_equal(voice.speak("a café, don’t"), voice.speak("a cafe, don't"))
    assert len(voice.speak("--version")) > 4000


@needs_flite
@pytest.mark.parametrize("speaker", ["slt", "kal"])
def test_flite_in_process_says_what_its_program_says(tmp_path, speaker):
    texts = ["Where is the station?", "Yes, please.", "Dr. Smith paid $5.20 at 3 o'clock... twice!"]
    for text in texts:  # the second sentence, too: nothing is carried over from the first
        command = ["flite", "-voice", speaker, "-t", text, "-o", str(tmp_path / "a.wav")]
        subprocess.run(command, check=True)
        waveform, rate = soundfile.read(tmp_path / "a.wav", dtype="float32")
        samples, same_rate, _ = load_voice(f"flite:{speaker}")._synthesise(text)
        assert rate == same_rate
        np.testing.assert_array_equal(samples, waveform)


@pytest.mark.parametrize("text", ["", " \n", "...", "\x00"])
def test_text_without_words_is_named(text):
    with pytest.raises(UserError) as caught:
        load_voice("espeak:en-us").speak(text)
    assert repr(text) in str(caught.value)


@needs_flite
def test_flite_cannot_say_japanese():
    with pytest.raises(UserError, match="makes no speech of the text '日本'"):
        load_voice("flite:slt").speak("日本")


@needs_japanese
def test_open_jtalk_cannot_say_russian_and_reads_full_width_digits():
    voice = load_voice("openjtalk:mei")
    np.testing.assert_array_equal(voice.speak("１２３"), voice.speak("123"))
    with pytest.raises(UserError, match="makes no speech of the text 'Привет'"):
        voice.speak("Привет")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("espeak:fr-xx", "espeak:fr-xx does not exist; some that do: espeak:fr-fr"),
        ("festival:kal", "engine of espeak, flite, mbrola, openjtalk, pico"),
        ("slt", "write ENGINE:SPEAKER"),
        ("flite:", "write ENGINE:SPEAKER"),
        pytest.param("mbrola:xx9", "does not exist; espeak-ng knows af1, ", marks=needs_mbrola),
        pytest.param("flite:bob", "does not exist; there are flite:slt", marks=needs_flite),
        ("pico:fr", "does not exist; there are pico:de-DE"),
        ("openjtalk:takumi", "the one that does is openjtalk:mei"),
    ],
)
def test_unknown_voices(name, message):
    with pytest.raises(UserError) as caught:
        load_voice(name)
    assert message in str(caught.value)


@needs_mbrola
def test_mbrola_tells_its_phones():
    voice, text = load_voice("mbrola:fr1"), "Six chats, dit-elle."
    waveform, phones = voice.speak_with_phones(text)
    np.testing.assert_array_equal(waveform, voice.speak(text))
    assert [each.start for each in phones[1:]] == [each.end for each in phones[:-1]]
    assert phones[-1].end == pytest.approx(len(waveform) / 16_000, abs=0.02)
    sounds = {each.symbol: waveform[int(each.start * 16_000) : int(each.end * 16_000)] for each in phones[:-1]}
    assert {"s", "S", "a", "E"} <= sounds.keys()
    assert np.abs(sounds["pau"]).max() < 0.05 * np.abs(sounds["a"]).max()


@pytest.mark.parametrize("missing", ["espeak-ng", "mbrola"])
def test_missing_mbrola_says_how_to_get_it(monkeypatch, missing):
    monkeypatch.setattr("shutil.which", lambda program: None if program == missing else f"/usr/bin/{program}")
    with pytest.raises(
        UserError, match=f"needs the program {missing}: install it with `sudo apt-get install {missing}`"
    ):
        load_voice("mbrola:fr1")


def test_missing_pico_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda program: None)
    with pytest.raises(UserError, match="needs the program pico2wave: install it with `sudo apt-get install libtts"):
        load_voice("pico:fr-fr")


def test_missing_flite_says_how_to_get_it(monkeypatch):
    flite._voice.cache_clear()
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: None)
    with pytest.raises(UserError) as caught:
        load_voice("flite:slt")
    assert str(caught.value) == (
        "voice flite:slt needs Flite: install it with `sudo apt-get install flite`, "
        "or choose another voice (corpus.target_voice=espeak:en-us)"
    )


def test_flite_that_cannot_be_loaded_is_named(monkeypatch, tmp_path):
    flite._voice.cache_clear()
    (tmp_path / "libflite.so.1").write_text("no library")
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: str(tmp_path / "libflite.so.1"))
    with pytest.raises(UserError, match="reinstall flite"):
        load_voice("flite:slt")


def test_missing_open_jtalk_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyopenjtalk", None)
    with pytest.raises(UserError, match=r"pip install 'speech2code\[ja\]'"):
        load_voice("openjtalk:mei")
