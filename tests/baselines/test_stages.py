"""Baseline and topline from the command line: trained, heard, scored, resumable; and the text they need."""

from speech2code.audio.files import load_waveform
from speech2code.cli import main
from speech2code.files import read_json
from speech2code.recognisers.vocabulary import CHARACTERS, Vocabulary
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.scores import score


def test_baseline_and_topline_are_trained_and_scored(transcribed, tmp_path, capsys, refused):
    overrides = transcribed.overrides(tmp_path)
    assert "run `speech2code baseline`" in refused("compare", *overrides)
    for verb in ("baseline", "spell", "voice", "recognise", "compare", "compare"):
        main([verb, *overrides])
    assert "comparisons: done already" in capsys.readouterr().out
    run, scores = RunFolder(tmp_path / "tiny"), read_json(tmp_path / "tiny" / "comparisons" / "scores.json")
    assert scores.keys() == {"baseline", "topline", "spelt", "seconds"}  # recordings have no voice to read aloud
    for row in ("baseline", "topline"):
        assert len([load_waveform(path) for path in run.sounds(row).glob("*.wav")]) == 3
        references, hypotheses = zip(*run.transcripts(row, "own").values())
        assert scores[row]["own"]["bleu"] == score(list(hypotheses), list(references)).bleu
    assert set(read_json(tmp_path / "tiny" / "comparisons" / "spelt.json")) == set(run.transcripts("topline", "own"))


def test_the_topline_needs_text(textless, tmp_path, refused):
    assert "has no target text" in refused("spell", *textless.overrides(tmp_path))
    main(["baseline", *textless.overrides(tmp_path)])


def test_characters_are_those_of_the_normalised_transcripts():
    characters = Vocabulary.of(["It's 2 cats!", "A dog."], CHARACTERS)
    assert sorted(characters.tokens) == list(" 'acdgiostw")
    assert characters.decode(characters.encode("A DOG, it's")) == "a dog it's"
    assert characters.decode(characters.encode("zoo")) == "oo"
