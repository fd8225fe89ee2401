"""Every file in conf/ composes, and every mistake is one line that names the key."""

import os
import subprocess
import sys

import pytest

from speech2code.builders import SECTIONS
from speech2code.compose import FOLDER, compose, from_yaml, to_yaml
from speech2code.errors import UserError
from speech2code.registry import STAGES

CHOICES = [(path.parent.name, path.stem) for path in sorted(FOLDER.glob("*/*.yaml"))]
CHOICES += [(section, kind) for section, kinds in SECTIONS.items() for kind in kinds]


@pytest.mark.parametrize(("group", "name"), CHOICES, ids="=".join)
def test_every_file_composes(group, name):
    config = compose([f"{group}={name}", *([] if group == "experiment" else ["name=mine"])])
    assert config.name and config.corpus.name
    assert "???" not in to_yaml(config)  # nothing is left without a value


@pytest.mark.parametrize("experiment", ["best_fr_en", "recordings"])
@pytest.mark.parametrize("group", ["units", "vocoder", "translator"])
def test_parts_swap_in_the_experiments_that_people_start_from(experiment, group):
    for name in (name for each, name in CHOICES if each == group):
        compose([f"experiment={experiment}", f"{group}={name}"])


def test_a_run_reads_its_settings_back_and_refuses_those_of_another_version(tmp_path):
    config, path = compose(["experiment=best_fr_en"]), tmp_path / "config.yaml"
    path.write_text(to_yaml(config))
    assert from_yaml(path) == config
    path.write_text(to_yaml(config).replace("  codebook_size:", "  older: 1\n  codebook_size:"))
    with pytest.raises(UserError, match=r"no/config\.yaml is missing; `speech2code report` writes it"):
        from_yaml(tmp_path / "no" / "config.yaml")
    with pytest.raises(UserError, match=r"config\.yaml is of another version: no setting is called older.*away"):
        from_yaml(path)


def test_every_experiment_has_its_own_folder_and_an_end():
    configs = [compose([f"experiment={name}"]) for group, name in CHOICES if group == "experiment"]
    assert len({config.name for config in configs}) == len(configs) > 10
    for config in configs:
        for part in (config.units, config.vocoder, config.translator, config.recogniser):
            assert part.training.steps or part.training.epochs or config.trainer.minutes, config.name


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        (["units.codebok_size=32"], "no setting is called units.codebok_size; did you mean units.codebook_size?"),
        (["unit.codebook_size=32"], "units.codebook_size"),
        (["units.training.step=32"], "units.training.step"),
        (["experiment=nothing"], "experiment=nothing does not exist; choose one of"),
        (
            ["units=huge"],
            "units=huge does not exist; choose one of discriminant, kmeans, kmeans_segmental, masked, paper, ",
        ),
        (["units.time_reduction=5"], "units.time_reduction=5 is not possible; choose one of 1, 2, 4, 8, 12"),
        (["translator.attention=bahdanau"], "translator.attention=bahdanau is not possible; choose one of dot, mlp"),
        (["translator.subsampling=3"], "translator.subsampling=3 is not possible"),
        (["vocoder.fft_size=400"], "vocoder.fft_size=400 is not possible"),
        (
            ["units=segmental", "units.target_unit_rate=0"],
            "units.target_unit_rate=0.0 is not possible; it must be at least 1",
        ),
        (
            ["units=segmental", "units.target_unit_rate=60"],
            "units.target_unit_rate=60.0 is not possible; it must be at least 1 and at most 50",
        ),
        (
            ["units.segment_codes=128"],
            "units.segment_codes is a setting of units=segmental only; choose that, or leave units.segment_codes away",
        ),
        (
            ["recognisers=[in_domain,wisper]"],
            "no recogniser is called wisper; choose among in_domain, pocketsphinx",
        ),
        (
            ["units=segmental", "vocoder.reduction_factor=3"],
            "vocoder.reduction_factor=3 is not possible; it must divide 8, the frames read as one block",
        ),
        (
            ["vocoder.reduction_factor=3"],
            "vocoder.reduction_factor=3 is not possible; it must divide units.time_reduction=8",
        ),
        (
            ["translator=transformer", "translator.heads=5"],
            "translator.width=192 is not possible; it must be a multiple of translator.heads=5",
        ),
        (["search.beam=0"], "search.beam=0 is not possible; it must be at least 1"),
        (["units.codebook_size=many"], "codebook_size"),
        (["units.training.learning_rate=fast"], "learning_rate"),
        (["units.codebook_size"], "units.codebook_size"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_key(refused, overrides, sentence):
    named = [] if any("experiment" in each for each in overrides) else ["name=mine"]
    assert sentence in refused("config", *named, *overrides)


@pytest.mark.parametrize("verb", [*(stage.verb for stage in STAGES), "run", "baselines", "config"])
def test_a_missing_value_is_named_before_any_work(refused, verb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "name has no value; choose an experiment (experiment=best_fr_en) or set name=" in refused(*verb.split())
    assert not list(tmp_path.iterdir())


def test_a_misspelt_verb(refused):
    assert refused("translat") == "speech2code: no verb is called translat; did you mean translate?"
    assert "train what? say speech2code train and one of: baseline, recogniser, topline_stt, " in refused("train")
    assert "train knows no unit; say speech2code train and one of: " in refused("train", "unit", "name=a")


def test_a_manifest_without_a_path(refused, tmp_path):
    assert "set corpus.path=" in refused("prepare", "corpus=manifest", "name=a", f"data={tmp_path}", f"runs={tmp_path}")


def test_the_program_itself_ends_with_two_and_no_traceback(tmp_path):
    command = [sys.executable, "-m", "speech2code", "run", "units.codebok_size=32", "name=a"]
    environment = {**os.environ, "PYTHONPATH": str(FOLDER.parent)}
    ended = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert ended.returncode == 2 and ended.stdout == ""
    assert ended.stderr.count("\n") == 1 and "did you mean units.codebook_size?" in ended.stderr
    assert not list(tmp_path.iterdir())
