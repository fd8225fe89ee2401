"""Every number of the settings has a range, and what lies outside is refused before work; generated from the
dataclasses."""

import random
from dataclasses import fields, is_dataclass
from functools import cache
from typing import get_args

import pytest
from omegaconf import OmegaConf

from speech2code.builders import SECTIONS, settings_class
from speech2code.compose import compose, to_config
from speech2code.config import Config
from speech2code.errors import UserError
from speech2code.stages.machine import sizes


def numbers(settings, prefix=""):
    """Key → field, of every number in a dataclass and in those inside it."""
    for each in fields(settings):
        if is_dataclass(each.type):
            yield from numbers(each.type, f"{prefix}{each.name}.")
        elif {int, float} & {each.type, *get_args(each.type)}:
            yield prefix + each.name, each


KINDS = [(section, kind) for section, kinds in SECTIONS.items() for kind in kinds]
FIELDS = [("units", "vqvae", *each) for each in numbers(Config) if each[0].split(".")[0] not in SECTIONS]
FIELDS += [(*chosen, *each) for chosen in KINDS for each in numbers(settings_class(*chosen), f"{chosen[0]}.")]
NAMES = [f"{key}[{kind}]" for _, kind, key, _ in FIELDS]


@cache
def composed(section, kind):
    return OmegaConf.structured(compose(["name=mine", f"{section}={kind}"]))


def changed(section, kind, key, value):
    settings = composed(section, kind).copy()
    OmegaConf.update(settings, key, value)
    return settings


def limited(field):
    return not field.metadata.get("choices")


def test_every_number_has_two_limits_or_choices_and_its_default_keeps_them():
    assert len(FIELDS) > 150
    for _, _, key, field in FIELDS:
        least, most = (field.metadata.get(name) for name in ("at_least", "at_most"))
        assert not limited(field) or (least is not None and most is not None and least < most), key
        assert not limited(field) or field.default is None or least <= field.default <= most, key


@pytest.mark.parametrize(("section", "kind", "key", "field"), [each for each in FIELDS if limited(each[3])],
                         ids=[name for name, each in zip(NAMES, FIELDS) if limited(each[3])])  # fmt: skip
def test_a_number_out_of_its_range_is_refused_by_name(section, kind, key, field):
    least, most = field.metadata["at_least"], field.metadata["at_most"]
    wrong = [least - 1, most + 1] + [float("nan"), float("inf")] * (float in {field.type, *get_args(field.type)})
    for value in wrong:
        with pytest.raises(UserError, match=rf"^{key}=\S+ is not possible; it must be at least .* and at most"):
            to_config(changed(section, kind, key, value))
    for value in (least, most):
        try:
            to_config(changed(section, kind, key, value))
        except UserError as error:  # may not fit the others
            assert "must be at least" not in str(error)


@pytest.mark.parametrize(("section", "kind", "key", "value"), [
    (*each[:3], value) for each in random.Random(0).sample(FIELDS, 8) for value in ("nan", "many")
])  # fmt: skip
def test_what_is_no_number_is_refused_by_name(refused, section, kind, key, value, tmp_path):
    told = refused("run", "name=mine", f"{section}={kind}", f"{key}={value}", f"runs={tmp_path}", f"data={tmp_path}")
    assert key in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("kinds", [("vqvae", "inverter", "lstm"), ("segmental", "linear", "transformer")])
def test_the_smallest_numbers_make_networks(kinds):
    chosen = dict(zip(("units", "vocoder", "translator"), kinds))
    settings = OmegaConf.structured(compose(["name=mine", *(f"{key}={kind}" for key, kind in chosen.items())]))
    for section, kind, key, field in FIELDS:
        if limited(field) and chosen.get(section, "vqvae") == kind:
            OmegaConf.update(settings, key, field.metadata["at_least"])
    assert len(sizes(to_config(settings))) == 7 and all(sizes(to_config(settings)).values())


@pytest.mark.parametrize(("override", "sentence"), [
    ("baseline.width=9", "baseline.width=9 is not possible; it must be a multiple of 2"),
    ("vocoder.width=9", "vocoder.width=9 is not possible; it must be a multiple of 2"),
    ("trainer.accelerator=abacus", "trainer.accelerator=abacus is not possible; choose one of auto, cpu, gpu"),
    ("trainer.precision=fp16", "trainer.precision=fp16 is not possible; choose one of 32-true"),
    ("units.kind=kmeans", "units.kind=kmeans lacks its settings; say units=kmeans"),
    ("+colour=3", "no setting is called colour"),
    ("~name", "name=??? is not possible; it needs a value"),
    ("corpus.name=", "corpus.name= is not possible; it needs a value"),
    ("measure.voices=[[a]]", "it is a list of words, without lists in it"),
    ("measure.voices=[{a:1}]", "it is a list of words, without lists in it"),
])  # fmt: skip
def test_what_is_no_value_of_a_setting(refused, override, sentence):
    assert sentence in refused("config", "name=mine", override)
