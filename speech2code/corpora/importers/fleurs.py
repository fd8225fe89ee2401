"""FLEURS (Conneau et al. 2022): the same sentences read in 102 languages.

A language's folder, as https://huggingface.co/datasets/google/fleurs has it below `data/`, holds train.tsv, dev.tsv and
test.tsv, without header and quotes: id, file name, text as written, normalised text, characters, samples, gender. (So
do the loader of that page and lhotse's recipe `fleurs` read them.) The archives `audio/train.tar.gz` … unpack into
`audio/train/`, or beside the tables.

Several people read a sentence: `join` says how they are paired. Nobody says who they are; the gender stands in for
the speaker.
"""

from speech2code.corpora.importers.joining import join
from speech2code.corpora.importers.request import Imported, Request, folder_of
from speech2code.corpora.importers.tables import utterances


def read(request: Request) -> Imported:
    sides = []
    for folder in map(folder_of, request.inputs):
        audio = "audio/{split}/{2}" if (folder / "audio").is_dir() else "{split}/{2}"
        columns = {"id": "1", "audio": audio, "text": "3", "speaker": "7"}
        sides.append(utterances(folder, columns, header=False))
    return join(sides[0], sides[1])
