"""From recordings with text to a scored page; what was transcribed is transcribed once."""

import pytest

from speech2code.cli import main
from speech2code.files import read_json
from speech2code.recognisers.attention import AttentionRecogniser
from speech2code.recognisers.pocketsphinx import PocketSphinx
from speech2code.report.run_folder import RunFolder

ROWS = {"original": 3, "resynthesis": 3, "translation": 3, "unseen": 2}  # sentences


@pytest.fixture
def read(monkeypatch):
    """[(recogniser, waveforms)] of every row that is transcribed."""
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
    for verb in ("recogniser", "units", "vocoder"):
        main(["train", verb, *overrides])
    main(["transcribe", "resynthesis", *overrides])  # needs no translator
    for verb in ("train translator", "decode"):
        main([*verb.split(), *overrides])
    main(["transcribe", "translation", "pocketsphinx", *overrides])
    expected = ["pocketsphinx", "in_domain", "pocketsphinx", "pocketsphinx"]
    assert read == [(name, 3) for name in expected]
    for verb in ("transcribe", "score", "report", "score"):
        main([verb, *overrides])
    assert read[4:] == [("in_domain", 3), ("in_domain", 3), ("in_domain", 2)]
    scores = read_json(run / "scores.json")
    for row, count in ROWS.items():
        assert set(scores[row]) == ({"in_domain"} if row == "unseen" else {"in_domain", "pocketsphinx"})
        for recogniser, figures in scores[row].items():
            assert len(RunFolder(run).transcripts(row, recogniser)) == count
            assert 0 <= figures["bleu_low"] <= figures["bleu"] <= figures["bleu_high"] <= 100
            assert figures["wer_low"] <= figures["wer"] <= figures["wer_high"]
    assert "original target speech" in (run / "report.html").read_text()
    capsys.readouterr()
    main(["run", *overrides])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("translation ")]
    bleu = scores["translation"]["in_domain"]
    assert any("in_domain" in line and f"({bleu['bleu_low']:.1f} to {bleu['bleu_high']:.1f})" in line for line in lines)


def test_one_recogniser_is_enough(transcribed, tmp_path, read):
    overrides = transcribed.overrides(tmp_path, "recognisers=[pocketsphinx]")
    for verb in ("train units", "train vocoder", "train translator", "decode", "transcribe", "score"):
        main([*verb.split(), *overrides])
    assert {name for name, _ in read} == {"pocketsphinx"}
    assert read_json(tmp_path / "tiny" / "scores.json")["translation"].keys() == {"pocketsphinx"}


def test_a_row_that_is_not_there_yet_and_one_that_does_not_exist(transcribed, tmp_path, refused):
    overrides = transcribed.overrides(tmp_path)
    assert "is not finished; run `speech2code train vocoder`" in refused(
        "transcribe", "resynthesis", "pocketsphinx", *overrides
    )
    sentence = refused("transcribe", "source", *overrides)
    assert "transcribe knows no source; say speech2code transcribe and one of: " in sentence
    assert "original pocketsphinx" in sentence
