"""Settings as people type them: composed and within the limits of their fields, or one sentence."""

import math
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any, get_args

import yaml

from speech2code.builders import SECTIONS, settings_class
from speech2code.config import Config
from tests.torture.tiny import Tiny
from tests.torture.trials import Trial, speech2code, told

WILD = (
    "-1", "0", "1", "2.5", "-0.0", "1e3", "1e400", "-1e308", "1e-400", "nan", "NaN", "-inf", "inf", ".inf", "null",
    "None", "true", "FALSE", "yes", "0x10", "0b1", "1_000", "007", "٣", "½", "10**9", "9" * 400,
    "99999999999999999999", "word", "two words", "a,b", "a:b", "a=b", "a:b,c", "[]", "[a]", "[1,2]", "[[1]]", "{}",
    "{a:1}", "{a:{b:[]}}", "[", "{", "(", ")", "]]", "''", '""', "'a", 'a"', "'1'", '"[1]"', "\\", "$", "$HOME", "${",
    "${}", "${name}", "${runs}", "${oc.env:HOME}", "${oc.decode:'1'}", "${a.b}", "${..name}", "${name:}", "?", "???",
    "", " ", "  1", "1 ", "~", "@", "/dev/null", "../..", "a/b", "/", ".", "é", "语音", "\u202e1", "🙂", "a\tb", "a\nb",
    "\udcff", "choice(1,2)", "range(1,5)", "interval(0,1)", "glob(*)", "int(3)", "float(nan)", "str(1)",
    "json_str('{}')", "shuffle([1,2])", "sort(3,1)", "extend_list(1)", "!!python/object:os.system", "&a", "*a", "|",
    ">", "%", "#", "--help", "-", "x" * 3000,
)  # fmt: skip
GRAMMAR = (
    "+x", "~x", "~", "+", "++", "=", "==", "a=[", "a={b:", "a=b=c", "+x=1", "++x=1", "~x=1", "~units", "~name",
    "+units=vqvae", "++name=b", "+name=b", "units@x=vqvae", "+units@x=vqvae", "units@=vqvae", "@=1", "hydra=x",
    "hydra.run.dir=.", "hydra/launcher=joblib", "+hydra/launcher=joblib", "hydra.verbose=true", "--multirun", "-m",
    "--cfg=job", "-c", "units=[vqvae]", "units=[vqvae,kmeans]", "units=null", "units=", "~units=vqvae", "~vocoder",
    "schema=x", "+schema=schema", "config=x", "defaults=[]", "_self_=1", "+_target_=os.system",
    "units._target_=os.system", "units.__class__=x", "__class__=x", "units", "units.", ".units=1", "units..width=1",
    "units.width.x=1", "units[0]=1", "units.width[0]=1", "splits[0]=dev", "splits.0=dev", "1=2", "a b=c", " name=a",
    "name =a", "name= a", "NAME=a", "Name=a", "ñame=a", "name:a", "name", "name=", "'name'=a", '"name"=a',
    "trainer={seed:1}", "trainer={}", "trainer=null", "trainer=x", "+trainer={x:1}", "units.training=null",
    "units.training={steps:1}", "units={kind:vqvae}", "corpus={}", "corpus=[]", "corpus=../corpus/manifest",
    "corpus=/etc/passwd", "experiment=../../etc", "experiment=", "experiment=null", "experiment=[a,b]",
    "experiment=${name}", "units=${name}", "unit=vqvae", "unitz=vqvae", "vocoders=linear", "translater=lstm",
    "corpus.nam=a", "trainer.sed=1", "units.codebok_size=8", "search.bean=3", "units=vqva", "units=VQVAE",
    "units=vqvae.yaml", "vocoder=lstm", "experiment=best_fr", "corpus=phrasebook", "units.kind=null", "units.kind=[]",
    "units.kind=x", "translator.kind=transformer", "recogniser=lstm", "recogniser=x", "baseline=tacotron", "search=x",
    "measure=x", "whisper=x", "whisper.model=/", "recognisers=[whisper]",
)  # fmt: skip
PLACES = (
    "name", "corpus.name", "runs", "data", "donor", "start", "corpus.path", "corpus.phones", "corpus.source",
    "corpus.target",
)  # fmt: skip
TEXTS = (
    "", ".", "..", "/", "a/../b", "../x", "a//b", "~", "~root", "$HOME", "-", "--", "*", "?", "a b", " ",
    "é", "语", "a\u0301", "\u202e", "%", "%2F", "'", '"', "\\", "a\\", "[", "]", "{", "}", "(", ")", ",", ":", "a:b",
    "=", "a=b", "#", "!", "null", "none", "1e3", "0x1", "007", "true", "x" * 300, "${name}", "${nope}", "$${a}",
    "\\${a}", "a\x00b", "a\nb", "\r", "\udc80", "CON", ".hidden", "a.",
)  # fmt: skip
TWICE = (
    "name=b", "units=kmeans", "units=vqvae", "units.width=8", "trainer.seed=1", "trainer.seed=x", "splits=[test]",
    "splits=[]", "splits=[test,test]", "splits=[train]", "recognisers=[]", "recognisers=[in_domain,in_domain]",
    "baselines=[x]", "corpus=manifest",
)  # fmt: skip
CHOSEN = [(section, kind) for section, kinds in SECTIONS.items() for kind in kinds]
TRIES = 3  # of each field


def trials(tiny: Tiny) -> Iterator[Trial]:
    number = 0
    for choice, key, field in _all_fields():
        for _ in range(TRIES):
            value = WILD[number * 41 % len(WILD)]
            number += 1
            yield Trial(
                f"{choice} {key}={value[:40]!r}", partial(_tried, [choice, f"{key}={value}"], key, field, value)
            )
    for each in GRAMMAR:
        yield Trial(f"override {each!r}", partial(_composed, [each]))
    for place in PLACES:
        for text in TEXTS:
            yield Trial(f"{place}={text[:40]!r}", partial(_composed, [f"{place}={text}"]))
    for one in TWICE:
        for other in TWICE[::2]:
            yield Trial(f"{one} {other}", partial(_composed, [one, other]))


def _all_fields() -> Iterator[tuple[str, str, Any]]:
    for key, field in _fields(Config):
        if key.split(".")[0] not in SECTIONS:
            yield "units=vqvae", key, field
    for section, kind in CHOSEN:
        for key, field in _fields(settings_class(section, kind), f"{section}."):
            yield f"{section}={kind}", key, field


def _fields(settings: type, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for each in fields(settings):
        yield prefix + each.name, each
        if isinstance(each.type, type) and is_dataclass(each.type):
            yield from _fields(each.type, f"{prefix}{each.name}.")


def _composed(overrides: list[str], folder: Path) -> str | None:
    return _tried(overrides, "", None, "", folder)


def _tried(overrides: list[str], key: str, field: Any, value: str, folder: Path) -> str | None:
    answer = speech2code("config", "name=mine", *overrides)
    if wrong := told(answer):
        return wrong
    if any(folder.iterdir()):
        return f"it left {list(folder.iterdir())}"
    if answer.code or field is None:
        return None
    found: Any = yaml.safe_load(answer.out)
    for part in key.split("."):
        found = found[part]
    return _outside(found, field, value)


def _outside(found: Any, field: Any, typed: str) -> str | None:
    """What is wrong with a value that was let through."""
    kinds, limits = get_args(field.type) or (field.type,), field.metadata
    if found is None:
        return None if type(None) in kinds else "null was let through"
    if {int, float} & {*kinds} and not limits.get("choices"):
        good = isinstance(found, int | float) and math.isfinite(found)
        return None if good and limits["at_least"] <= found <= limits["at_most"] else f"{found} was let through"
    if limits.get("choices") and found not in limits["choices"]:
        return f"{found} was let through"
    hydras = typed[:1] in "\"'" or "${" in typed
    if str in kinds and not limits.get("choices") and not hydras and found != typed:
        return f"the text {typed!r} became {found!r}"
    return None
