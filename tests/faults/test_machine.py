"""What this machine cannot do is told before the corpus is prepared."""

import pytest
import torch

from speech2code.compose import compose
from speech2code.stages import machine


@pytest.mark.parametrize(("overrides", "sentence"), [
    (["trainer.accelerator=gpu"], "trainer.accelerator=gpu trainer.devices=1 is not possible; this machine has 0"),
    (["trainer.accelerator=cpu", "trainer.precision=16-mixed"], "trainer.precision=16-mixed needs a GPU"),
    (["trainer.threads=3"], "trainer.threads=3 is not possible; this machine has 2 cores; say trainer.threads=1"),
    (["trainer.devices=3"], "trainer.devices=3 is not possible; this machine has 2 cores; say trainer.devices=1"),
    (["units.width=16384", "units.blocks=64"], "GB in training, and this machine has"),
    (["topline_tts.width=16384", "baseline.width=16384"], "baseline would have"),
])  # fmt: skip
@pytest.mark.parametrize("verb", ["run", "sweep"])
def test_an_impossible_machine(refused, tmp_path, monkeypatch, verb, overrides, sentence):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr("os.sysconf", {"SC_PHYS_PAGES": 16 * 10**9 // 4096, "SC_PAGE_SIZE": 4096}.get)
    monkeypatch.setattr(machine, "cores", lambda: 2)
    swept = ["seeds=0,1"] if verb == "sweep" else []
    given = ("experiment=phrasebook", f"runs={tmp_path}/runs", f"data={tmp_path}/data", *overrides, *swept)
    assert sentence in refused(verb, *given)
    assert not (tmp_path / "data").exists()


def test_a_network_that_needs_memory_to_be_built_is_not_estimated_and_says_so(monkeypatch, capsys):
    def build(settings, size):
        return torch.nn.Embedding(int(torch.ones(1).sum()), 2)  # reads a value, which the meta device has not

    monkeypatch.setattr(machine, "build_translator", build)
    machine.check_machine(compose(["experiment=phrasebook"]))
    assert "whether the networks fit into memory is not known" in capsys.readouterr().err
