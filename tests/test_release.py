"""scripts/release.py on a tiny run: half the bytes, the same system, and a card that says how much has changed."""

import runpy
from pathlib import Path

import pytest

from speech2code import SpeechTranslator
from speech2code.cli import main
from speech2code.errors import UserError

SCRIPT = Path(__file__).parent.parent / "scripts" / "release.py"
release = runpy.run_path(str(SCRIPT))["main"]


def test_a_run_becomes_a_small_model_with_a_card(textless, tmp_path, capsys):
    overrides, run, folder = textless.overrides(tmp_path), tmp_path / "tiny", tmp_path / "released"
    for verb in ("train units", "train vocoder", "train translator", "decode"):
        main([*verb.split(), *overrides])
    with pytest.raises(UserError, match="no model card; finish it with `speech2code report`"):
        release([str(run), str(folder)])
    assert not folder.exists()
    main(["report", *overrides])
    release([str(run), str(folder)])
    assert capsys.readouterr().out.endswith(" MB\n")
    card = (folder / "README.md").read_text()
    assert card.startswith((run / "model" / "README.md").read_text().rstrip()) and " of the 3 test sentences " in card
    assert SpeechTranslator.from_pretrained(folder).card == card
    sizes = [(each / "model.safetensors").stat().st_size for each in (folder, run / "model")]
    assert sizes[0] < 0.7 * sizes[1]
