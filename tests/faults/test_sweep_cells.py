"""All cells of a sweep are looked at before the first training; each has one safe folder."""

import shlex

import pytest

from speech2code.cli import main
from speech2code.files import read_json
from speech2code.stages import sweep as sweeps
from speech2code.stages.sweep import cell_name


@pytest.mark.parametrize(("swept", "sentence"), [
    ("units.codebok_size=8,16", "no setting is called units.codebok_size; did you mean units.codebook_size?"),
    ("units.time_reduction=4,5", "units.time_reduction=5 is not possible; choose one of"),
    ("units=vqvae,huge", "units=huge does not exist"),
    ("units.training.learning_rate=interval(0.1,7)", "units.training.learning_rate=7.0 is not possible"),
    ("splits=[dev,test],[test,dev],[best]", "splits: best cannot be judged"),
    ("corpus.path='a b','a-b'", "corpus.path='a b' and corpus.path='a-b' would share the folder corpus.path-a-b"),
    ("corpus.path=" + "a" * 300 + ",b", "makes too long a name for a folder"),
    ("units.width=128,16384", "units would have"),  # with 64 blocks
    ("corpus.path=é,è", """needs quotes: 'corpus.path="é","è"'"""),
])  # fmt: skip
def test_an_impossible_cell_is_told_before_any_work(refused, tmp_path, swept, sentence):
    more = ["units.blocks=64"] if "16384" in swept else []
    assert sentence in refused("sweep", "experiment=phrasebook", f"runs={tmp_path}", f"data={tmp_path}", *more, swept)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("seeds", "names"), [("1", ["1"]), ("2,3", ["2", "3"]), ("range(0,2)", ["0", "1"])])
def test_one_seed_too_is_a_training_among_others(tmp_path, monkeypatch, seeds, names):
    monkeypatch.chdir(tmp_path)
    done: list[str] = []
    monkeypatch.setattr(sweeps, "run_stages", lambda config, *_, **__: done.append(config.name))
    monkeypatch.setattr(sweeps, "write_settings", lambda config: None)
    monkeypatch.setattr(sweeps, "table", lambda folder: [])
    main(["sweep", "experiment=phrasebook", f"seeds={seeds}"])
    typed = f"speech2code sweep experiment=phrasebook {shlex.quote(f'seeds={seeds}')}"
    assert read_json(tmp_path / "runs" / "phrasebook" / sweeps.SWEEP) == {"commands": [typed]}
    assert done == [f"phrasebook/{place}-{each}" for place in ("shared/seed", "trainer.seed") for each in names]


def test_a_cell_s_folder_has_a_name_that_everything_reads():
    assert cell_name(["units.codebook_size=32", "trainer.seed=0"]) == "units.codebook_size-32_trainer.seed-0"
    assert cell_name(["splits=[dev,test]"]) == "splits-dev-test"
    assert cell_name(["""corpus.path="a b/c" """.strip()]) == "corpus.path-a-b-c"
    assert cell_name(["corpus.target_voice=flite:slt+flite:rms"]) == "corpus.target_voice-flite:slt+flite:rms"
