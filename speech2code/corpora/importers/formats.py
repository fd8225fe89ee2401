"""The formats of `speech2code import`: a new one is a line here and a module of its name beside this file."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple


class Format(NamedTuple):
    """A form in which people keep a corpus; the function `read` of the module that has its name reads it."""

    help: str
    example: str  # what follows `speech2code import`
    inputs: range  # how many files or folders it takes, the manifest not counted
    options: Mapping[str, str] = MappingProxyType({})


ONE, TWO = range(1, 2), range(2, 3)
COMMON = {  # options of every format
    "dev": "share of the sentences for dev where the corpus has none (0.05)",
    "test": "the same for test (0.05)",
}
FIELDS = ("audio", "text", "speaker", "start", "end")
PLAIN = {field: f"column of the {field}, on both sides" for field in ("id", "split", *FIELDS)}
SIDED = {f"{side}_{field}": f"column of the {field}, on that side" for side in ("source", "target") for field in PLAIN}

FORMATS: dict[str, Format] = {
    "kaldi": Format(
        "two data folders (wav.scp, segments, text, utt2spk), or folders of train/, dev/, test/; joined by utterance",
        "kaldi fr_data/ en_data/ pairs.csv",
        TWO,
    ),
    "lhotse": Format(
        "two files of cuts or recordings, or recordings and supervisions of either side; joined by id",
        "lhotse fr_cuts.jsonl.gz en_cuts.jsonl.gz pairs.csv",
        range(2, 5, 2),
        {"id": "what names a cut: cut (the default) or supervision"},
    ),
    "huggingface": Format(
        "a data set with both sides in a row, or two joined by id: a folder, a Parquet file, an id of the hub",
        "huggingface FOLDER pairs.csv source_audio=fr_audio target_audio=en_audio target_text=en",
        range(1, 3),
        {
            **PLAIN,
            **SIDED,
            "source_config": "configuration of the source's data set, such as fr_fr",
            "target_config": "the same for the target",
        },
    ),
    "tables": Format(
        "two tables joined by id, or one with both sides in a row: .csv, .tsv, or a folder of train, dev, test",
        "tables fr.tsv en.tsv pairs.csv id=clip audio=clips/{clip}.wav text=sentence",
        range(1, 3),
        {
            **PLAIN,
            **SIDED,
            "header": "no: columns have numbers, from 1 on, instead of names",
            "separator": "what separates columns, where it is neither the comma of .csv nor the tab of others",
        },
    ),
    "fleurs": Format("FLEURS: the folders of two languages", "fleurs fleurs/fr_fr/ fleurs/en_us/ pairs.csv", TWO),
    "cvss": Format(
        "CVSS and the Common Voice that it translates: their folders", "cvss cv4/fr/ cvss_c_fr_en/ pairs.csv", TWO
    ),
    "voxpopuli": Format(
        "VoxPopuli's interpretation: the s2s.tsv that its get_s2s_data writes", "voxpopuli s2s.tsv pairs.csv", ONE
    ),
    "dral": Format(
        "DRAL's re-enacted dialogues: its fragments-short.csv",
        "dral fragments-short.csv pairs.csv source=ES target=EN",
        ONE,
        {"source": "language of the source, as in the column lang_code", "target": "language of the target"},
    ),
    "mmboshi": Format(
        "Mboshi, unwritten, with text in five languages: a clone of GitHub's mzboito/mmboshi",
        "mmboshi mmboshi/ pairs.csv target=fr",
        ONE,
        {
            "source": "mb (recorded; the default) or the language of the text: fr, en, de, es, pt",
            "target": "the same for the target; one of both is mb",
        },
    ),
    "prompts": Format(
        "telephone prompts of Debian's asterisk-core-sounds-…-g722: two folders; needs ffmpeg",
        "prompts /usr/share/asterisk/sounds/fr_CA_f_June /usr/share/asterisk/sounds/en_US_f_Allison pairs.csv",
        TWO,
        {
            "source_text": "the source's core-sounds-….txt.gz, where it is not in /usr/share/doc",
            "target_text": "the same for the target",
        },
    ),
}


def page() -> str:
    """What `speech2code import --help` prints."""
    lines = [
        "speech2code import: a corpus of another form → a manifest that corpus=manifest reads",
        "",
        "  speech2code import FORMAT INPUT… pairs.csv [option=value…]",
        "",
        "It writes pairs.csv, pairs.left_out.csv and, for some formats, sound into pairs.audio/; nothing over yours.",
    ]
    for name, format in FORMATS.items():
        lines += ["", f"{name}: {format.help}", f"  speech2code import {format.example}"]
        if SIDED.keys() <= format.options.keys():
            lines.append("  id=… split=… audio=… text=… speaker=… start=… end=…  columns; of one side source_audio=… …")
        own = format.options.keys() - PLAIN.keys() - SIDED.keys()
        lines += [f"  {option}=…  {what}" for option, what in format.options.items() if option in own]
    lines += ["", "All formats:", *(f"  {option}=…  {what}" for option, what in COMMON.items())]
    return "\n".join([*lines, "", "More: docs/importing.md"])
