"""Baseline and topline from the command line: trained, decoded, transcribed, scored, resumable; and the text they
need."""

from speech2code.audio.files import load_waveform
from speech2code.cli import main
from speech2code.files import read_json
from speech2code.recognisers.vocabulary import CHARACTERS, Vocabulary
from speech2code.registry import BASELINES, BY_NAME, stages_of
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.scores import score_pairs


def test_baseline_and_topline_are_trained_and_scored(transcribed, tmp_path, capsys, refused):
    overrides = transcribed.overrides(tmp_path)
    assert "run `speech2code train baseline`" in refused("decode", "baselines", *overrides)
    main(["train", "recogniser", *overrides])
    for name in (*stages_of(BASELINES), "baselines", "baseline_scores"):
        main([*BY_NAME[name].verb.split(), *overrides])
    told = capsys.readouterr().out
    assert "baselines: done already" in told and "baseline_scores: done already" in told
    run, scores = RunFolder(tmp_path / "tiny"), read_json(tmp_path / "tiny" / "baselines" / "scores.json")
    # recordings have no voice to read the topline's text aloud
    assert scores.keys() == {"baseline", "topline", "topline_text", "seconds", "signature"}
    assert scores["seconds"].keys() == {"baseline", "topline_stt", "topline_tts"}
    for row in ("baseline", "topline"):
        assert len([load_waveform(path) for path in run.sounds(row).glob("*.wav")]) == 3
        assert scores[row].keys() == {"in_domain", "pocketsphinx"}
        for recogniser, figures in scores[row].items():
            again = score_pairs(run.transcripts(row, recogniser).values(), "target")
            assert (figures["bleu"], figures["wer"], figures["cer"]) == (again.bleu, again.wer, again.cer)
    texts = read_json(tmp_path / "tiny" / "baselines" / "topline_text.json")
    read = run.transcripts("topline", "in_domain")
    assert {key: reference for key, (reference, _) in texts.items()} == {key: each[0] for key, each in read.items()}
    assert scores["topline_text"]["cer"] == score_pairs(texts.values(), "target").cer


def test_the_topline_needs_text(textless, tmp_path, refused):
    for part in ("topline_stt", "topline_tts"):
        assert "has no target text" in refused("train", part, *textless.overrides(tmp_path))
    main(["train", "baseline", *textless.overrides(tmp_path)])


def test_characters_are_those_of_the_normalised_transcripts():
    characters = Vocabulary.of(["It's 2 cats!", "A dog."], CHARACTERS, "en")
    assert sorted(characters.tokens) == list(" 'acdgiostw")
    assert characters.decode(characters.encode("A DOG, it's")) == "a dog it's"
    assert characters.decode(characters.encode("zoo")) == "oo"
