"""`start`: the trainings of one run begin where those of another have ended."""

import shutil

import pytest
from safetensors.torch import load_file

from speech2code.cli import main
from speech2code.files import read_json

PARTS = ("units", "vocoder", "translator")
VERBS = [f"train {part}" for part in PARTS]
STILL = [f"{part}.training.{what}" for part in PARTS for what in ("steps=1", "learning_rate=1e-8")]


@pytest.fixture
def base(textless, tmp_path):
    """Overrides of a run that begins with what another one, trained before, has learnt."""
    for verb in VERBS:
        main([*verb.split(), *textless.overrides(tmp_path / "runs")])
    return textless.overrides(tmp_path / "runs", "name=second", "start=tiny")


def test_weights_are_taken_over(base, tmp_path, capsys):
    for verb in VERBS:
        main([*verb.split(), *base, *STILL])
    first, second = tmp_path / "runs" / "tiny", tmp_path / "runs" / "second"
    for part in PARTS:
        before, after = (load_file(run / part / "model.safetensors") for run in (first, second))
        weights = [name for name in before if name.endswith("weight")]
        assert weights and all((before[name] - after[name]).abs().max() < 1e-5 for name in weights)
        assert len(read_json(second / part / "stage.json")["settings"]["start"]) == 64
    assert f"translator: begins with the weights of {first / 'translator'}\n" in capsys.readouterr().out
    main(["decode", *base, *STILL])


def test_what_does_not_fit_is_named_and_found_anew(base, refused, capsys, tmp_path):
    main(["train", "units", *base, "units.codebook_size=7", *STILL])
    assert "apart from codebook.codes" in capsys.readouterr().out
    codes = load_file(tmp_path / "runs" / "second" / "units" / "model.safetensors")
    assert codes["codebook.initialised"] and codes["codebook.codes"].abs().max() < 0.9  # k-means of speech, no dice
    wide = ("name=wide", "units.width=24")
    assert "nothing can begin with it" in refused("train", "units", *base, *wide)


def test_mistakes_are_told_before_any_work(base, refused, textless, tmp_path):
    assert "start=none: " in refused("prepare", *base, "start=none")
    assert "do not go together" in refused("prepare", *base, "donor=tiny")
    clusters = textless.overrides(tmp_path / "runs", "name=clusters", "start=tiny", units="kmeans")
    assert "units=kmeans finds its clusters anew" in refused("prepare", *clusters)
    fixed = textless.overrides(tmp_path / "runs", "start=tiny", "name=several")
    assert "start=tiny is one training; a sweep of seeds needs" in refused("sweep", *fixed, "seeds=0,1")


def test_a_stage_remembers_what_it_began_with(base, refused):
    main(["train", "units", *base, *STILL])
    assert "was made with start=" in refused("train", "units", *base[:-1], *STILL)


def test_what_the_first_run_lacks_begins_at_random_and_what_is_done_needs_it_no_more(base, tmp_path, capsys):
    first = tmp_path / "runs" / "tiny"
    shutil.rmtree(first / "translator")
    for verb in VERBS:
        main([*verb.split(), *base, *STILL])
    said = capsys.readouterr().out
    assert f"vocoder: begins with the weights of {first / 'vocoder'}\n" in said
    assert "translator: start=tiny has none; begins at random\n" in said
    shutil.rmtree(first)
    for verb in VERBS:
        main([*verb.split(), *base, *STILL])
    said = capsys.readouterr().out
    assert all(f"{part}: done already" in said for part in PARTS)


def test_a_run_that_was_interrupted_goes_on_and_does_not_begin_again(base, tmp_path, capsys):
    main(["train", "units", *base])
    folder = tmp_path / "runs" / "second" / "units"
    whole = load_file(folder / "model.safetensors")
    (folder / "stage.json").unlink()  # as if it had been killed at its end
    main(["train", "units", *base])
    assert "units: going on from step 6" in capsys.readouterr().out
    assert all(whole[name].equal(value) for name, value in load_file(folder / "model.safetensors").items())
