"""What a user installs: the wheel holds package, settings and phrasebook, and works far from the checkout."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The wheel, built and installed into a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT], check=True)
    (wheel,) = folder.glob("speech2code-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


def run(site: Path, tmp_path: Path, *arguments: str) -> str:
    """`speech2code ARGUMENTS` of the installed wheel → what it prints."""
    code = f"import sys; sys.path.insert(0, {str(site)!r}); from speech2code.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout


def test_the_installed_package_has_its_settings_and_its_corpus(site, tmp_path):
    assert (site / "speech2code" / "py.typed").exists() and not (site / "tests").exists()
    assert "kind: segmental" in run(site, tmp_path, "config", "experiment=best_fr_en")
    code = "import speech2code, sys; from speech2code.corpora.phrasebook import draw; "
    code += "print(speech2code.__file__, len(draw('fr', 'en', train=50, dev=2, test=2, unseen=1)))"
    found = subprocess.run(
        [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(site)!r}); {code}"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert found.split() == [str(site / "speech2code" / "__init__.py"), "55"]


def test_version_and_help_of_every_verb(site, tmp_path, capsys):
    from importlib.metadata import version

    from speech2code.cli import OTHERS, main
    from speech2code.registry import STAGES

    assert run(site, tmp_path, "--version") == f"speech2code {version('speech2code')}\n"
    overview = run(site, tmp_path, "--help")
    for verb in dict.fromkeys([*OTHERS, *(stage.verb.split()[0] for stage in STAGES)]):
        main([verb, "--help"])
        text = capsys.readouterr().out
        assert text.startswith(f"speech2code {verb}: ") and f"\n  speech2code {verb} " in text  # with an example
        assert f" {verb} " in overview
