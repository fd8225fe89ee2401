"""Kind in the config → object: the one place that chooses. Another unit encoder, vocoder, translator or recogniser is
one new file and one line here.

Classes are named, not imported: the command line checks settings without loading torch.
"""

from dataclasses import make_dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from speech2code.bcp47 import primary
from speech2code.errors import UserError

if TYPE_CHECKING:
    from speech2code.config import Config, Seq2SeqConfig, UnitsConfig, VocoderConfig
    from speech2code.protocols import Learn, Recogniser, Translator, UnitEncoder, UnitSpec, Vocoder

T = TypeVar("T")


class Kind(NamedTuple):
    """ "module:name" each, below `speech2code` unless the module is a whole path with that name in front."""

    model: str  # the class
    settings: str  # its dataclass
    learn: str = ""  # unit encoders: how it learns, `protocols.Learn`


class Judge(NamedTuple):
    """A recogniser: its class, the languages it knows, and what its stages have to know of it."""

    model: str
    needs: tuple[str, ...] = ()  # the stages that train it
    background: bool = False  # whether it waits for cores that nothing else needs
    languages: tuple[str, ...] | None = None  # first subtags of BCP 47 tags; None: any language
    section: str = ""  # of the config, where its settings stand


UNIT_ENCODERS = {
    "vqvae": Kind("units.vqvae:VqVae", "config:VqVaeConfig", "training.units:learn_vqvae"),
    "segmental": Kind("units.segmental:SegmentalVqVae", "config:SegmentalConfig", "training.units:learn_segmental"),
    "kmeans": Kind("units.kmeans:KMeansUnits", "config:KMeansConfig", "training.kmeans:learn_kmeans"),
    "discriminant": Kind(
        "units.discriminant:DiscriminantUnits", "config:DiscriminantConfig", "training.discriminant:learn_discriminant"
    ),
    "masked": Kind("units.masked:MaskedUnits", "config:MaskedConfig", "training.masked:learn_masked"),
}
VOCODERS = {
    "inverter": Kind("vocoders.inverter:CodebookInverter", "config:InverterConfig"),
    "linear": Kind("vocoders.linear:LinearVocoder", "config:LinearConfig"),
}
TRANSLATORS = {
    "lstm": Kind("translation.lstm:LstmTranslator", "config:LstmConfig"),
    "transformer": Kind("translation.transformer:TransformerTranslator", "config:TransformerConfig"),
}
# Whisper's own codes, but for four that BCP 47 writes otherwise: fil, jv, nb and cmn. `yue`: large-v3 and later only
WHISPER_LANGUAGES = (
    "af", "am", "ar", "as", "az", "ba", "be", "bg", "bn", "bo", "br", "bs", "ca", "cmn", "cs", "cy", "da", "de",
    "el", "en", "es", "et", "eu", "fa", "fi", "fil", "fo", "fr", "gl", "gu", "ha", "haw", "he", "hi", "hr", "ht",
    "hu", "hy", "id", "is", "it", "ja", "jv", "ka", "kk", "km", "kn", "ko", "la", "lb", "ln", "lo", "lt", "lv",
    "mg", "mi", "mk", "ml", "mn", "mr", "ms", "mt", "my", "nb", "ne", "nl", "nn", "no", "oc", "pa", "pl", "ps",
    "pt", "ro", "ru", "sa", "sd", "si", "sk", "sl", "sn", "so", "sq", "sr", "su", "sv", "sw", "ta", "te", "tg",
    "th", "tk", "tl", "tr", "tt", "uk", "ur", "uz", "vi", "yi", "yo", "yue", "zh",
)  # fmt: skip
RECOGNISERS = {
    "in_domain": Judge("recognisers.attention:AttentionRecogniser", needs=("recogniser",)),
    "pocketsphinx": Judge("recognisers.pocketsphinx:PocketSphinx", background=True, languages=("en",)),
    "whisper": Judge("recognisers.whisper:Whisper", background=True, languages=WHISPER_LANGUAGES, section="whisper"),
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


def load_recogniser(name: str, run: Path, config: "Config") -> "Recogniser":
    """Its name, the folder of a run, which holds the in-domain one, and its settings → a Recogniser."""
    return find(_kind(RECOGNISERS, name).model).load(run, config)


def judges_of(config: "Config") -> list[str]:
    """Those of `recognisers` that know the target language, in order. UserError where nobody is left."""
    known = [name for name in config.recognisers if _knows(name, config.corpus.target)]
    if not known:
        told = "; ".join(left_out(config)) or "recognisers=[] is empty"
        raise UserError(f"nobody is left to judge: {told}; choose others among {', '.join(RECOGNISERS)}")
    return known


def left_out(config: "Config") -> list[str]:
    """One sentence for each of `recognisers` that does not know the target language."""
    return [
        f"{name} {_told(RECOGNISERS[name], config.corpus.target)}: left out"
        for name in config.recognisers
        if not _knows(name, config.corpus.target)
    ]


def _knows(name: str, language: str) -> bool:
    languages = _kind(RECOGNISERS, name).languages
    return languages is None or primary(language) in languages


def _told(judge: Judge, language: str) -> str:
    few = judge.languages and len(judge.languages) < 4
    return f"knows {' and '.join(judge.languages or ())} only, not {language}" if few else f"does not know {language}"


def settings_class(section: str, kind: str) -> type:
    """The dataclass of a section's kind; UserError where there is no such kind."""
    settings = find(_kind(SECTIONS[section], kind).settings)
    return _of_recogniser(settings) if section == "recogniser" else settings


@cache
def _of_recogniser(network: type) -> type:
    """Settings of a translator → the same network's as recogniser, which may write words, characters or pairs."""
    bases = (network, find("config:RecogniserConfig"))
    return make_dataclass(f"Recogniser{network.__name__}", [], bases=bases, namespace={"__doc__": network.__doc__})


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
