"""From recordings with text to a scored page; what was heard is heard once."""

import pytest

from speech2code.cli import main
from speech2code.evaluation.recognisers.attention import AttentionRecogniser
from speech2code.evaluation.recognisers.pocketsphinx import PocketSphinx
from speech2code.evaluation.run_folder import RunFolder
from speech2code.files import read_json

ROWS = {"original": 3, "resynthesis": 3, "translation": 3, "unseen": 2}  # sentences


@pytest.fixture
def heard(monkeypatch):
    """[(recogniser, waveforms)] of every row that is listened to."""
    rows = []
    for recogniser in (AttentionRecogniser, PocketSphinx):

        def transcribe(self, waveforms, *args, listen=recogniser.transcribe, **options):
            rows.append((self.name, len(waveforms)))
            return listen(self, waveforms, *args, **options)

        monkeypatch.setattr(recogniser, "transcribe", transcribe)
    return rows


def test_every_row_is_heard_once_and_scored(transcribed, tmp_path, heard):
    overrides, run = transcribed.overrides(tmp_path), tmp_path / "tiny"
    main(["recognise", *overrides])
    assert heard == [("own", 3), ("pocketsphinx", 3)]  # the original needs no system
    for verb in ("discover", "invert", "listen"):
        main([verb, *overrides])
    assert heard[2:] == [("own", 3), ("pocketsphinx", 3)]  # the resynthesis needs no translator
    for verb in ("translate", "synthesise", "evaluate", "report", "evaluate"):
        main([verb, *overrides])
    assert heard[4:] == [("own", 3), ("pocketsphinx", 3), ("own", 2)]
    scores = read_json(run / "scores.json")
    for row, count in ROWS.items():
        assert set(scores[row]) == ({"own"} if row == "unseen" else {"own", "pocketsphinx"})
        for recogniser, figures in scores[row].items():
            assert len(RunFolder(run).transcripts(row, recogniser)) == count
            assert 0 <= figures["bleu_low"] <= figures["bleu"] <= figures["bleu_high"] <= 100
            assert figures["wer_low"] <= figures["wer"] <= figures["wer_high"]
    assert "original target" in (run / "report.html").read_text()
