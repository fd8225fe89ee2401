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
    main(["listen", "original", *overrides])  # needs no system
    for verb in ("recognise", "discover", "invert"):
        main([verb, *overrides])
    main(["listen", "resynthesis", *overrides])  # needs no translator
    for verb in ("translate", "synthesise"):
        main([verb, *overrides])
    main(["listen", "translation", *overrides])
    assert heard == [("pocketsphinx", 3)] * 3
    for verb in ("evaluate", "report", "evaluate"):
        main([verb, *overrides])
    assert heard[3:] == [("own", 3), ("own", 3), ("own", 3), ("own", 2)]
    scores = read_json(run / "scores.json")
    for row, count in ROWS.items():
        assert set(scores[row]) == ({"own"} if row == "unseen" else {"own", "pocketsphinx"})
        for recogniser, figures in scores[row].items():
            assert len(RunFolder(run).transcripts(row, recogniser)) == count
            assert 0 <= figures["bleu_low"] <= figures["bleu"] <= figures["bleu_high"] <= 100
            assert figures["wer_low"] <= figures["wer"] <= figures["wer_high"]
    assert "original target" in (run / "report.html").read_text()


def test_a_row_that_is_not_there_yet_and_one_that_does_not_exist(transcribed, tmp_path, refused):
    overrides = transcribed.overrides(tmp_path)
    assert "is not finished; run `speech2code invert`" in refused("listen", "resynthesis", *overrides)
    for row in (["unseen"], []):
        assert "listen needs a row: speech2code listen original|resynthesis|translation" in refused(
            "listen", *row, *overrides
        )
