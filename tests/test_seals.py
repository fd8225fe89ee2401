"""A document that was changed by hand is refused, whatever the change; who has written it reads it back."""

from pathlib import Path

import pytest

from speech2code.errors import UserError
from speech2code.files import read_json, write_json
from speech2code.seals import opened, sealed

DOCUMENT = {
    "name": "units à fond",
    "seconds": 12.5,
    "done": True,
    "metrics": {"dev/loss": 0.25, 3: None},
    "rows": (1, 2),
}
READ = {"name": "units à fond", "seconds": 12.5, "done": True, "metrics": {"dev/loss": 0.25, "3": None}, "rows": [1, 2]}


def test_it_is_read_back_from_disk_as_json_has_it(tmp_path):
    path = tmp_path / "table.json"
    write_json(path, sealed(DOCUMENT))
    assert opened(read_json(path), path, "make it again") == READ
    assert sealed(sealed(DOCUMENT)) == sealed(DOCUMENT)


def test_the_order_of_its_fields_does_not_matter():
    document = sealed(DOCUMENT)
    assert opened(dict(reversed(document.items())), Path("a"), "") == READ


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
def test_any_change_is_refused(change):
    with pytest.raises(
        UserError, match=r"^results/table\.json was changed by hand since it was written; make it again$"
    ):
        opened(sealed(DOCUMENT) | change, Path("results/table.json"), "make it again")


@pytest.mark.parametrize("document", [DOCUMENT, [DOCUMENT], {}])
def test_one_without_a_hash_is_of_an_older_version(document):
    with pytest.raises(UserError, match="has no hash, so an older version of this program wrote it; make it again"):
        opened(document, Path("a"), "make it again")
