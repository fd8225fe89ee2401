"""From recordings with text to a scored page; what was transcribed is transcribed once."""

from itertools import product

import pytest

from speech2code.cli import main
from speech2code.files import read_json
from speech2code.recognisers.attention import AttentionRecogniser
from speech2code.recognisers.pocketsphinx import PocketSphinx
from speech2code.report.run_folder import RunFolder

ROWS = ("original", "resynthesis", "translation")
SENTENCES = {"dev": 4, "test": 3, "unseen": 2}


@pytest.fixture
def read(monkeypatch):
    """[(recogniser, waveforms)] of every row and split that is transcribed."""
    rows = []
    for recogniser in (AttentionRecogniser, PocketSphinx):

        def transcribe(self, waveforms, *args, original=recogniser.transcribe, **options):
            rows.append((self.name, len(waveforms)))
            return original(self, waveforms, *args, **options)

        monkeypatch.setattr(recogniser, "transcribe", transcribe)
    return rows


def test_every_row_is_transcribed_once_and_scored(transcribed, tmp_path, read, capsys):
    overrides, run = transcribed.overrides(tmp_path), tmp_path / "tiny"
    main(["transcribe", "original", "pocketsphinx", *overrides])  # needs no system
    for verb in ("train recogniser", "train units", "train vocoder", "resynthesise"):
        main([*verb.split(), *overrides])
    main(["transcribe", "resynthesis", *overrides])  # needs no translator
    for verb in ("train translator", "decode"):
        main([*verb.split(), *overrides])
    main(["transcribe", "translation", "pocketsphinx", *overrides])
    first = [("in_domain", count) for count in SENTENCES.values()]  # it reads all, whoever comes next the test list
    assert read == [("pocketsphinx", 3), *first, ("pocketsphinx", 3), ("pocketsphinx", 3)]
    for verb in ("transcribe", "score", "report", "score"):
        main([verb, *overrides])
    assert read[6:] == [*first, *first]
    scores = read_json(run / "scores.json")["splits"]
    for (split, count), row in product(SENTENCES.items(), ROWS):
        assert set(scores[split][row]) == {"in_domain", *(["pocketsphinx"] if split == "test" else [])}
        for recogniser, figures in scores[split][row].items():
            assert len(RunFolder(run).transcripts(row, recogniser, split)) == count
            for name in ("bleu", "chrf", "wer", "cer"):
                assert 0 <= figures[f"{name}_low"] <= figures[name] <= figures[f"{name}_high"]
            # trained for six steps on tones, neither can read them: every row says so
            assert figures["cannot_judge"] == round(scores[split]["original"][recogniser]["wer"], 1) > 30
    page = (run / "report.html").read_text()
    assert "original target speech" in page and page.count("this recogniser cannot judge this corpus") == 2
    capsys.readouterr()
    main(["run", *overrides])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("translation ")]
    bleu = scores["test"]["translation"]["in_domain"]
    told = f"({bleu['bleu_low']:.1f} to {bleu['bleu_high']:.1f})"
    assert any(told in line and "in_domain" in line and "cannot judge" in line for line in lines)


def test_one_recogniser_is_enough(transcribed, tmp_path, read):
    overrides = transcribed.overrides(tmp_path, "recognisers=[pocketsphinx]")
    for verb in ("train units", "train vocoder", "resynthesise", "train translator", "decode", "transcribe", "score"):
        main([*verb.split(), *overrides])
    assert {name for name, _ in read} == {"pocketsphinx"}
    assert [count for _, count in read] == [*SENTENCES.values()] * 3
    scores = read_json(tmp_path / "tiny" / "scores.json")["splits"]
    assert all(scores[split]["translation"].keys() == {"pocketsphinx"} for split in SENTENCES)
    read.clear()  # another one may come later
    overrides = transcribed.overrides(tmp_path, "recognisers=[pocketsphinx,in_domain]")
    for verb in ("train recogniser", "transcribe", "score"):
        main([*verb.split(), *overrides])
    assert {name for name, _ in read} == {"in_domain"}
    scores = read_json(tmp_path / "tiny" / "scores.json")["splits"]["test"]
    assert all(scores[row].keys() == {"pocketsphinx", "in_domain"} for row in ROWS)


def test_only_the_splits_that_are_asked_for(transcribed, tmp_path, read):
    overrides = transcribed.overrides(tmp_path, "splits=[test]", "recognisers=[in_domain]")
    main(["run", *overrides])
    assert read_json(tmp_path / "tiny" / "scores.json")["splits"].keys() == {"test"}
    assert len(read_json(tmp_path / "tiny" / "decoding" / "units.json")["translation"]) == SENTENCES["test"]


def test_a_row_that_is_not_there_yet_and_one_that_does_not_exist(transcribed, tmp_path, refused):
    overrides = transcribed.overrides(tmp_path)
    assert "is not finished; run `speech2code resynthesise`" in refused(
        "transcribe", "resynthesis", "pocketsphinx", *overrides
    )
    sentence = refused("transcribe", "source", *overrides)
    assert "transcribe knows no source; say speech2code transcribe and one of: " in sentence
    assert "original pocketsphinx" in sentence
