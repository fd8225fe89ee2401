"""`start`: the trainings of one run begin where those of another have ended."""

import pytest
from safetensors.torch import load_file

from speech2code.cli import main
from speech2code.files import read_json

STILL = [
    f"{part}.training.{what}"
    for part in ("units", "vocoder", "translator")
    for what in ("steps=1", "learning_rate=1e-8")
]
VERBS = ("train units", "train vocoder", "train translator")


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
    for part in ("vocoder", "translator"):
        before, after = (load_file(run / part / "model.safetensors") for run in (first, second))
        weights = [name for name in before if name.endswith("weight")]
        assert weights and all((before[name] - after[name]).abs().max() < 1e-5 for name in weights)
        assert len(read_json(second / part / "stage.json")["settings"]["start"]) == 64
    assert f"translator: begins with the weights of {first / 'translator'}\n" in capsys.readouterr().out
    main(["decode", *base, *STILL])


def test_what_does_not_fit_is_named(base, refused, capsys, tmp_path):
    main(["train", "units", *base, "units.codebook_size=7", *STILL])
    assert "apart from codebook.codes" in capsys.readouterr().out
    assert "a model of another shape" in refused(
        "train", "units", *base, "name=wide", "units.width=24", "units.code_dim=5"
    )
    assert "runs/none/units is not finished" in refused("train", "units", *base, "name=third", "start=none")


def test_a_stage_remembers_what_it_began_with(base, refused):
    main(["train", "units", *base, *STILL])
    assert "was made with start=" in refused("train", "units", *base[:-1], *STILL)


def test_clusters_are_found_anew(textless, base, tmp_path, capsys):
    overrides = textless.overrides(tmp_path / "runs", "name=clusters", "start=tiny", units="kmeans")
    main(["train", "units", *overrides])
    assert "begins with" not in capsys.readouterr().out
