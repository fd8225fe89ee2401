"""A document that was changed by hand is refused, whatever the change; who has written it reads it back."""

import json

import pytest

from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.seals import read_sealed, sealed

DOCUMENT = {
    "name": "units à fond",
    "seconds": 12.5,
    "done": True,
    "metrics": {"dev/loss": 0.25, 3: None},
    "rows": (1, 2),
}
READ = {"name": "units à fond", "seconds": 12.5, "done": True, "metrics": {"dev/loss": 0.25, "3": None}, "rows": [1, 2]}


@pytest.fixture
def reread(tmp_path):
    """Writes a document and reads it → its fields."""

    def run(document):
        write_json(tmp_path / "table.json", document)
        return read_sealed(tmp_path / "table.json", "make it again")

    return run


def test_it_is_read_back_from_disk_as_json_has_it(reread):
    assert reread(sealed(DOCUMENT)) == READ
    assert sealed(sealed(DOCUMENT)) == sealed(DOCUMENT)


def test_the_order_of_its_fields_does_not_matter(reread):
    assert reread(dict(reversed(sealed(DOCUMENT).items()))) == READ


@pytest.mark.parametrize(
    "change",
    [
        {"seconds": 12.0},
        {"done": 1},
        {"more": None},
        {"metrics": {"dev/loss": 0.25}},
        {"rows": [2, 1]},
        {"hash": "0" * 64},
    ],
    ids=str,
)
def test_any_change_is_refused(reread, change):
    with pytest.raises(UserError, match=r"table\.json was changed by hand since it was written; make it again$"):
        reread(sealed(DOCUMENT) | change)


@pytest.mark.parametrize("document", [DOCUMENT, [DOCUMENT], {}])
def test_one_without_a_hash_is_of_an_older_version(reread, document):
    with pytest.raises(UserError, match="has no hash, so an older version of this program wrote it; make it again"):
        reread(document)


@pytest.mark.parametrize("damage", ["half", "a link to nowhere", "a folder", "nothing"])
def test_one_that_cannot_be_read_says_what_to_do(tmp_path, damage):
    path = tmp_path / "table.json"
    if damage == "half":
        path.write_text(json.dumps(sealed(DOCUMENT))[:40])
    elif damage == "a link to nowhere":
        path.symlink_to("nowhere")
    elif damage == "a folder":
        path.mkdir()
    with pytest.raises(UserError, match=r"cannot read .*table\.json.*; make it again$"):
        read_sealed(path, "make it again")
