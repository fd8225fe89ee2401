"""Baseline and topline from the command line: trained, decoded, transcribed, scored, resumable; and the text they
need."""

from dataclasses import asdict

from speech2code.audio.files import load_waveform
from speech2code.cli import main
from speech2code.compose import compose
from speech2code.files import read_json
from speech2code.recognisers.vocabulary import CHAR, Vocabulary
from speech2code.registry import BASELINES, BY_NAME, spared_stages, stages_of
from speech2code.report.run_folder import RunFolder
from speech2code.scoring.scores import score_pairs


def test_baseline_and_topline_are_trained_and_scored(transcribed, tmp_path, capsys, refused):
    overrides = transcribed.overrides(tmp_path)
    assert "run `speech2code train baseline`" in refused("decode", "baselines", *overrides)
    main(["train", "recogniser", *overrides])
    spared = spared_stages(compose(overrides).baselines)  # rows that are spoken only where they are named
    for name in (*stages_of(BASELINES), "baselines", "baseline_scores"):
        if BY_NAME[name].recogniser != "whisper" and name not in spared:  # not one of this experiment's
            main([*BY_NAME[name].verb.split(), *overrides])
    told = capsys.readouterr().out
    assert "baselines: done already" in told and "baseline_scores: done already" in told
    run, found = RunFolder(tmp_path / "tiny"), read_json(tmp_path / "tiny" / "baselines" / "scores.json")
    assert found.keys() == {"splits", "speakers", "signatures", "hash"} and found["splits"].keys() == {
        "dev",
        "test",
        "unseen",
    }
    assert found["splits"]["dev"]["topline"].keys() == {"in_domain"}
    scores = found["splits"]["test"]
    # recordings have no voice to read the topline's text aloud
    rows = ("baseline", "topline", "topline_tuned")
    assert scores.keys() == {*rows, "topline_text", "topline_tuned_text"}
    for row in rows:
        assert len([load_waveform(path) for path in run.sounds(row).glob("*.wav")]) == 3
        assert scores[row].keys() == {"in_domain", "pocketsphinx"}
        for recogniser, figures in scores[row].items():
            again = score_pairs(run.transcripts(row, recogniser).values(), "en")
            assert (figures["bleu"], figures["wer"], figures["cer"]) == (again.bleu, again.wer, again.cer)
    for row in ("topline", "topline_tuned"):
        texts = read_json(tmp_path / "tiny" / "baselines" / "topline_texts.json")["test"][row]
        read = run.transcripts(row, "in_domain")
        assert {key: reference for key, (reference, _) in texts.items()} == {key: each[0] for key, each in read.items()}
        assert scores[f"{row}_text"]["as text"]["cer"] == score_pairs(texts.values(), "en").cer


def test_only_what_is_chosen_is_trained(transcribed, tmp_path, refused):
    quiet = (
        "recognisers=[in_domain]",
        "corpus.target=sw",
    )  # METEOR, which takes ten seconds to start, knows no Swahili
    overrides = transcribed.overrides(tmp_path, *quiet, f"data={tmp_path}/data")
    main(["baselines", "baselines=[topline]", *overrides])
    run = RunFolder(tmp_path / "tiny")
    assert run.sealed("baselines/scores.json")["splits"]["test"].keys() == {"topline", "topline_text"}
    assert not {"baseline", "topline_stt_tuned"} & {path.name for path in run.path.iterdir()}
    assert "made with" in refused("decode", "baselines", "baselines=[topline,topline_voice]", *overrides)
    assert "leaves nothing" in refused("baselines", "baselines=[]", *overrides)
    assert "choose among baseline, topline," in refused("baselines", "baselines=[tacotron]", *overrides)


def test_the_second_topline_has_the_settings_of_the_translator(transcribed, tmp_path):
    overrides = transcribed.overrides(tmp_path, translator="transformer")
    main(["train", "topline_stt_tuned", *overrides])
    record = read_json(tmp_path / "tiny" / "topline_stt_tuned" / "stage.json")
    assert record["settings"]["topline_stt_tuned"] == asdict(compose(overrides).translator) and record["characters"]
    assert record["settings"]["topline_stt_tuned"]["kind"] == "transformer"


def test_the_topline_needs_text(textless, tmp_path, refused):
    for part in ("topline_stt", "topline_tts"):
        assert "has no target text" in refused("train", part, *textless.overrides(tmp_path))
    main(["train", "baseline", *textless.overrides(tmp_path)])


def test_characters_are_those_of_the_normalised_transcripts():
    characters = Vocabulary.of(["It's 2 cats!", "A dog."], CHAR, "en")
    assert sorted(characters.tokens) == list(" 'acdgiostw")
    assert characters.decode(characters.encode("A DOG, it's")) == "a dog it's"
    assert characters.decode(characters.encode("zoo")) == "oo"
