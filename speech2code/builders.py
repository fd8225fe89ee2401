"""Kind in the config → object: the one place that chooses. Another unit encoder, vocoder, translator or recogniser is
one new file and one line here.

Classes are named, not imported: the command line checks settings without loading torch.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from speech2code.errors import UserError

if TYPE_CHECKING:
    from speech2code.config import Seq2SeqConfig, UnitsConfig, VocoderConfig
    from speech2code.protocols import Learn, Recogniser, Translator, UnitEncoder, UnitSpec, Vocoder

T = TypeVar("T")


class Kind(NamedTuple):
    """ "module:name" each, below `speech2code` unless the module is a whole path with that name in front."""

    model: str  # the class
    settings: str  # its dataclass
    learn: str = ""  # unit encoders: how it learns, `protocols.Learn`


class Judge(NamedTuple):
    """A recogniser: its class, the stage that trains it, whether it waits for cores that nothing else needs."""

    model: str
    needs: tuple[str, ...] = ()
    background: bool = False


UNIT_ENCODERS = {
    "vqvae": Kind("units.vqvae:VqVae", "config:VqVaeConfig", "training.units:learn_vqvae"),
    "segmental": Kind("units.segmental:SegmentalVqVae", "config:SegmentalConfig", "training.units:learn_segmental"),
    "kmeans": Kind("units.kmeans:KMeansUnits", "config:KMeansConfig", "units.kmeans:learn_kmeans"),
}
VOCODERS = {
    "inverter": Kind("vocoders.inverter:CodebookInverter", "config:InverterConfig"),
    "linear": Kind("vocoders.linear:LinearVocoder", "config:LinearConfig"),
}
TRANSLATORS = {
    "lstm": Kind("translation.lstm:LstmTranslator", "config:LstmConfig"),
    "transformer": Kind("translation.transformer:TransformerTranslator", "config:TransformerConfig"),
}
RECOGNISERS = {
    "in_domain": Judge("recognisers.attention:AttentionRecogniser", needs=("recogniser",)),
    "pocketsphinx": Judge("recognisers.pocketsphinx:PocketSphinx", background=True),
}
SECTIONS = {  # of the config → the kinds it may have
    "units": UNIT_ENCODERS,
    "vocoder": VOCODERS,
    "translator": TRANSLATORS,
    "recogniser": TRANSLATORS,
    "topline_stt": TRANSLATORS,
}


def build_unit_encoder(settings: "UnitsConfig", speakers: int) -> "UnitEncoder":
    """Settings of the section `units`, target speakers → an untrained UnitEncoder."""
    return find(_kind(UNIT_ENCODERS, settings.kind).model)(settings, speakers)


def learn_units(settings: "UnitsConfig") -> "Learn":
    """→ how such a unit encoder learns, `protocols.Learn`."""
    return find(_kind(UNIT_ENCODERS, settings.kind).learn)


def build_vocoder(settings: "VocoderConfig", spec: "UnitSpec") -> "Vocoder":
    """Settings of the section `vocoder`, UnitSpec of the units to speak → an untrained Vocoder."""
    return find(_kind(VOCODERS, settings.kind).model)(settings, spec)


def build_translator(settings: "Seq2SeqConfig", vocabulary: int) -> "Translator":
    """Settings of a section from speech to tokens, how many tokens there are → an untrained Translator."""
    return find(_kind(TRANSLATORS, settings.kind).model)(settings, vocabulary)


def load_recogniser(name: str, folder: Path) -> "Recogniser":
    """Its name, the folder in which the stage `recogniser` has trained the in-domain one → a Recogniser."""
    return find(_kind(RECOGNISERS, name).model).load(folder)


def settings_class(section: str, kind: str) -> type:
    """The dataclass of a section's kind; UserError where there is no such kind."""
    return find(_kind(SECTIONS[section], kind).settings)


def find(name: str) -> Any:
    """ "units.vqvae:VqVae" → the class."""
    module, _, attribute = name.partition(":")
    for path in (f"speech2code.{module}", module):
        try:
            return getattr(import_module(path), attribute)
        except ModuleNotFoundError as error:
            if error.name not in (path, path.rpartition(".")[0]):
                raise
    raise UserError(f"builders.py names {name}, but there is no such module")


def _kind(kinds: dict[str, T], name: str) -> T:
    if name not in kinds:
        raise UserError(f"no kind is called {name}; choose one of {', '.join(kinds)}")
    return kinds[name]
