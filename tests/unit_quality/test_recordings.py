"""A corpus of recordings without any text, whose phones are known: everything that judges it."""

import csv
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from conftest import RATE, Corpus, record

from speech2code.audio.files import load_waveform
from speech2code.cli import main
from speech2code.compose import compose
from speech2code.corpora.store import FeatureStore
from speech2code.corpora.voices import PAUSE
from speech2code.files import read_json
from speech2code.report.run_folder import RunFolder
from speech2code.unit_quality.information import phone_information
from speech2code.unit_quality.recordings import phones_of, spoken_by_people

SILENCE, SYLLABLE = 0.3, int(0.16 / 1.2 * RATE) / RATE  # seconds
TESTED = 12
WITH_INTERVALS = ("unit_error_rate", "unit_bleu", "mel_cepstral_distortion_resynthesis",
                  "mel_cepstral_distortion_translation")  # fmt: skip


@pytest.fixture(scope="module")
def silent_ends(tmp_path_factory) -> Corpus:
    """Target recordings by two speakers, without text, 0.3 s of silence at both ends; `phones.ctm` beside them."""
    folder = tmp_path_factory.mktemp("people")
    splits = {"train": 20, "dev": 4, "test": TESTED}
    corpus = Corpus(record(folder / "recordings", text=True, splits=splits), folder / "data")
    with open(corpus.manifest, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    lines, silence = [], np.zeros(int(SILENCE * RATE), np.float32)
    for row in rows:
        path = corpus.manifest.parent / row["target_audio"]
        soundfile.write(path, np.concatenate([silence, load_waveform(path), silence]), RATE)
        for place, word in enumerate(row.pop("target_text").split()):
            lines.append(f"{row['id']} 1 {SILENCE + place * SYLLABLE:.4f} {SYLLABLE:.4f} {word}")
        row.pop("source_text")
    with open(corpus.manifest, "w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)
    (corpus.manifest.parent / "phones.ctm").write_text("\n".join(lines) + "\n")
    main(["prepare", *corpus.overrides(folder / "runs")])
    return corpus


def given(corpus: Corpus, folder, count: int = TESTED) -> str:
    """The setting, with the phones of the first `count` test utterances."""
    names = FeatureStore(corpus.folder, "test").ids[:count]
    lines = (corpus.manifest.parent / "phones.ctm").read_text().splitlines()
    path = folder / "phones" / "some.ctm"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(each for each in lines if each.split()[0] in names) + "\n")
    return f"corpus.phones={path.parent}"


def test_times_of_the_file_become_times_of_the_speech_that_was_kept(silent_ends, tmp_path):
    config = compose(silent_ends.overrides(tmp_path, given(silent_ends, tmp_path))).corpus
    store = FeatureStore(silent_ends.folder, "test")
    spoken = spoken_by_people(config, store, phones_of(config, store))
    assert [each.speaker for each in spoken] == store.speakers["target"] and len(spoken) == TESTED
    for each in spoken:
        words = [phone for phone in each.phones if phone.symbol != PAUSE]
        assert abs(words[0].start) < 0.03 and abs(words[-1].end - len(each.mfcc) / 100) < 0.04  # was 0.3 s later
        assert len(each.triphones(each.mfcc, 1)) == len(words) - 2
        assert each.phone_of(np.array([len(each.mfcc) // 2 + 200])) == [each.phones[-1].symbol]


def test_a_run_without_text_judges_units_by_all_that_needs_none(silent_ends, tmp_path, capsys):
    overrides = silent_ends.overrides(tmp_path, given(silent_ends, tmp_path, TESTED - 2))
    assert not list(silent_ends.data.rglob("text.json"))
    main(["run", *overrides])
    run = RunFolder(tmp_path / "tiny")
    found = run.sealed("units.json")
    assert None not in found.values() and not any(
        np.isnan(each) for each in found.values() if not isinstance(each, str)
    )
    assert found["utterances_with_phones"] == TESTED - 2 and 0 < found["pnmi"] < 1
    assert {"abx_within", "abx_across", "abx_within_mfcc", "abx_across_pooled", "used", "converted_voice"} <= set(found)
    assert found["bitrate_with_durations"] == pytest.approx(found["bitrate"])  # all units last the same
    for name in WITH_INTERVALS:
        assert 0 <= found[f"{name}_low"] <= found[name] <= found[f"{name}_high"]
    assert found["mel_cepstral_distortion_resynthesis"] > 1 and not [name for name in found if "wer" in name]
    phones = run.phones()
    assert set(phones["phones"]) >= {"da", "mo", "ki", "su"}
    assert phone_information(phones["counts"]).pnmi == found["pnmi"]
    page = (tmp_path / "tiny" / "report.html").read_text()
    assert "unit bleu" in page and "mel cepstral distortion translation" in page and "abx across" in page
    assert not (tmp_path / "tiny" / "scores.json").exists()
    capsys.readouterr()
    main(["measure", *overrides])
    assert f"no phones for 2 of {TESTED} test utterances" in capsys.readouterr().out
    assert run.sealed("units.json") == found


def test_one_speaker_leaves_out_what_needs_two(silent_ends, tmp_path):
    names = FeatureStore(silent_ends.folder, "test").ids
    alone = tmp_path / "phones.ctm"
    speaker = dict(zip(names, FeatureStore(silent_ends.folder, "test").speakers["target"]))
    lines = (silent_ends.manifest.parent / "phones.ctm").read_text().splitlines()
    alone.write_text("\n".join(each for each in lines if speaker.get(each.split()[0]) == "ann") + "\n")
    overrides = silent_ends.overrides(tmp_path, f"corpus.phones={alone}")
    for verb in ("train units", "measure"):
        main([*verb.split(), *overrides])
    found = read_json(tmp_path / "tiny" / "units.json")
    assert "abx_within_mfcc" in found and not [name for name in found if "across" in name]
    assert found["utterances_with_phones"] == len(names) // 2
    # before a vocoder and a translator are there, nothing is said of them
    assert not [name for name in found if name.startswith(("mel_", "unit_error", "unit_bleu"))]
    for verb in ("train vocoder", "resynthesise", "measure"):
        main([*verb.split(), *overrides])
    later = read_json(tmp_path / "tiny" / "units.json")
    del found["hash"], later["hash"]
    assert later.items() > found.items() and "mel_cepstral_distortion_resynthesis" in later
    assert "mel_cepstral_distortion_translation" not in later


class Listener(torch.nn.Module):
    """In place of DistillMOS, whose package brings a torchaudio that fits few machines: louder is better."""

    def forward(self, waveforms):
        return 1 + 4 * torch.tanh(waveforms.abs().mean(1))


def test_naturalness_is_guessed_of_what_is_there(silent_ends, tmp_path, refused, monkeypatch):
    overrides = silent_ends.overrides(tmp_path)
    for verb in ("train units", "train vocoder", "resynthesise", "measure"):
        main([*verb.split(), *overrides])
    monkeypatch.setitem(sys.modules, "distillmos", None)
    assert "speech2code[naturalness]" in refused("measure", *overrides, "measure.naturalness=true")
    monkeypatch.setitem(sys.modules, "distillmos", SimpleNamespace(ConvTransformerSQAModel=Listener))
    main(["measure", *overrides, "measure.naturalness=true"])
    found = read_json(tmp_path / "tiny" / "units.json")
    for row in ("original", "resynthesis"):
        low, mean, high = (found[f"naturalness_{row}{end}"] for end in ("_low", "", "_high"))
        assert 1 < low <= mean <= high < 5
    store = FeatureStore(silent_ends.folder, "test")
    loud = [np.abs(store.waveform("target", item)).mean() for item in range(len(store))]
    assert found["naturalness_original"] == pytest.approx(np.mean(1 + 4 * np.tanh(loud)), rel=1e-4)
    assert "naturalness_translation" not in found


def test_phones_that_cannot_be_those_of_the_corpus(silent_ends, tmp_path, refused):
    main(["train", "units", *silent_ends.overrides(tmp_path)])
    path = tmp_path / "phones" / "all.ctm"
    path.parent.mkdir()
    name = FeatureStore(silent_ends.folder, "test").ids[0]

    def says(text: str) -> str:
        path.write_text(text)
        return refused("measure", *silent_ends.overrides(tmp_path, f"corpus.phones={path.parent}"))

    assert "has no phones of the 12 test utterances; name each file by the id" in says("strange 1 0 0.1 a\n")
    assert f"has phones up to 300.00 s of {name}, which ends at" in says(f"{name} 1 0 300 a\n")
    assert "line 1: 'x' is no time" in says(f"{name} 1 x 300 a\n")
    main(["measure", *silent_ends.overrides(tmp_path, given(silent_ends, tmp_path / "good"))])
    assert "was made with" in refused("measure", *silent_ends.overrides(tmp_path))  # other phones, other measures


def test_voices_tell_their_phones_themselves(tmp_path, refused):
    overrides = silent_voices(tmp_path)
    for verb in ("prepare", "train units"):
        main([*verb.split(), *overrides])
    (tmp_path / "phones").mkdir()
    sentence = refused("measure", *overrides, f"corpus.phones={tmp_path}/phones")
    assert "corpus.phones is for recordings; leave it out where voices speak the corpus" in sentence


def silent_voices(folder) -> list[str]:
    from conftest import tiny

    sizes = ("corpus.train=20", "corpus.dev=2", "corpus.test=2", "corpus.unseen=0")
    return [*tiny(), "corpus=phrasebook_fr_en", *sizes, f"data={folder}/data", f"runs={folder}/runs"]
