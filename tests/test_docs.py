"""README and docs/: the generated page is fresh, links lead somewhere, the commands shown are commands."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from speech2code.app.verb import request
from speech2code.cli import OTHERS
from speech2code.compose import compose
from speech2code.corpora.importers.run import parse
from speech2code.export.verb import request as export_request
from speech2code.registry import STAGES, stages_for

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# lab notes and samples tell of runs as they were; the examples of extending.md have a test of their own
TODAY = [page for page in PAGES if page.name not in ("lab-notes.md", "samples.md", "extending.md")]
REPOSITORY = "https://github.com/speech2code/speech2code/"


def names(pages):
    return [str(page.relative_to(ROOT)) for page in pages]


def commands(page: Path) -> list[list[str]]:
    """What follows `speech2code` in each line of the page's blocks of code, without comments."""
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("speech2code ")]
    return [shlex.split(line, comments=True)[1:] for line in lines]


def test_the_page_of_settings_is_fresh():
    script = ROOT / "docs" / "generate_configuration.py"
    ended = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_a_stale_page_of_settings_is_refused(tmp_path):
    script = tmp_path / "generate_configuration.py"
    script.write_text((ROOT / "docs" / script.name).read_text(encoding="utf-8"), encoding="utf-8")
    ended = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "is stale" in ended.stderr


def test_the_readme_is_short():
    text = (ROOT / "README.md").read_bytes()
    assert len(text) <= 10_000 and text.count(b"\n") <= 150


@pytest.mark.parametrize("page", PAGES, ids=names(PAGES))
def test_every_link_leads_to_a_file(page):
    text = page.read_text(encoding="utf-8")
    for link in [*re.findall(r"\]\(([^)\s]+)\)", text), *re.findall(r'src="([^"]+)"', text)]:
        path = re.sub(rf"^{REPOSITORY}(blob|tree)/main/", "", link)
        if path != link:
            assert (ROOT / path).exists(), link
        elif not link.startswith(("https://", "#")):
            assert (page.parent / link.partition("#")[0]).exists(), link


@pytest.mark.parametrize("page", TODAY, ids=names(TODAY))
def test_every_command_is_one(page):
    for verb, *rest in commands(page):
        words = [each for each in rest if "=" not in each]
        overrides = [re.sub(r",.*", "", each) if verb == "sweep" else each for each in rest if "=" in each]
        overrides = [re.sub("^seeds=", "trainer.seed=", each) if verb == "sweep" else each for each in overrides]
        if verb == "import":
            assert parse([*words, *(each for each in rest if "=" in each)])[0] == words[0]
        elif verb == "serve":
            assert request(rest).models
        elif verb == "export":
            assert export_request(rest)
        elif verb in ("translate", "encode"):
            assert words and [each.partition("=")[0] for each in overrides] == ["model"]
        elif verb in OTHERS:
            assert words == (["pairs.csv"] if verb == "check" else [])
            compose(["experiment=recordings", *overrides] if verb == "check" else overrides)
        elif not verb.startswith("-"):
            assert stages_for([verb, *words])
            compose(overrides)


@pytest.mark.parametrize("page", TODAY, ids=names(TODAY))
def test_no_page_uses_a_word_of_before(page):
    old = r"\b(rivals?|spell(er|ed)?|spelt|throat|settled?|rungs?|ladders?|jitter|heard|target_from|frames_at_once)\b"
    found = re.search(old, page.read_text(encoding="utf-8"), re.IGNORECASE)
    assert not found, found


def test_the_site_has_every_page():
    known = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    listed = [page for entry in known["nav"] for page in entry.values()]
    assert sorted(listed) == sorted(page.name for page in (ROOT / "docs").glob("*.md"))
    assert known["strict"] and known["theme"]["font"] is False


def test_every_verb_stands_in_the_help_of_the_quickstart():
    page = (ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8")
    for stage in STAGES:
        if stage.group == "run" and not stage.recogniser:
            assert f"speech2code {stage.verb} experiment=best_fr_en" in page


def test_every_package_that_users_install_has_its_licence_on_the_page():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["ja"], *extras["whisper"]]
    names = {re.split(r"[<>=]", each)[0].replace("_", "-").lower() for each in needed}
    page = (ROOT / "docs" / "licences.md").read_text(encoding="utf-8")
    assert not {name for name in names if f"\n| {name} | " not in page}
