"""What units would have to be like: an experiment's translator writes other signs of the same sentences.

    python scripts/targets.py characters phones neighbours chance classes units experiment=best_tatoeba_fr_en …

Evaluation only, for signs are made of text: characters, or what the corpus's voice says of each word in phones, made
worse in one way each; `units` are the experiment's own (`prepare` and `discover` come first). A reader, trained on true
signs, tells which words the translator has written; BLEU of dev and test together. Rows resume in
`runs/<name>/targets/`. Writes `results/targets.json` and `.md`, where the rows of other experiments stay.
"""

import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from speech2code.audio.features import frame_mask
from speech2code.compose import compose
from speech2code.config import Config, SearchConfig, Seq2SeqConfig
from speech2code.corpora.batches import pad
from speech2code.corpora.voices import PAUSE, load_voice
from speech2code.errors import UserError
from speech2code.evaluation.normalise import normalise
from speech2code.evaluation.provenance import describe_run
from speech2code.evaluation.scores import score
from speech2code.evaluation.vocabulary import CHARACTERS, WORDS, Vocabulary
from speech2code.files import add_rows, write_atomically
from speech2code.layers import BiLstm
from speech2code.stages.folders import discoverer_of, fabric_of, run_folder, settings_of, with_units
from speech2code.stages.learn import limits_of
from speech2code.stages.record import record_of, stage
from speech2code.training.loop import fit
from speech2code.training.sequences import TokensTask
from speech2code.training.speech import Speech
from speech2code.translation.search import beam_search
from speech2code.units.quality import Sequences, unit_error_rate

ROWS = {
    "characters": "characters, one of them between words",
    "phones": "the voice's phones, nothing between words",
    "neighbours": "phones in four variants each, by what stands beside them",
    "chance": "phones in four variants each, drawn by lot",
    "classes": "phones in 15 classes",
    "units": "the experiment's units",
}
CLASSES = "p t k|b d g|f th hh|s sh ch|v dh|z zh jh|m n ng|l r w|er|y iy ih|ey eh|ae ay|aa ao|ow oy aw|ah ax uh uw"
LOTS = (0.75, 0.25 / 3, 0.25 / 3, 0.25 / 3)  # of the variants: .84 nats a phone
READING = 3000  # the reader's steps
JUDGED = ("dev", "test")
SPLITS = ("train", *JUDGED)
HEAD = (
    "| experiment | what is written | signs a sentence | wrong, % | read: BLEU (95 %) | true ones, read | training, s |"
)
RESULTS = Path("results") / "targets.json"


def main(arguments: list[str]) -> None:
    names = [each for each in arguments if "=" not in each] or list(ROWS)
    if unknown := [name for name in names if name not in ROWS]:
        raise UserError(f"no signs are called {unknown[0]}; choose among {', '.join(ROWS)}")
    config = compose([each for each in arguments if "=" in each])
    rows = add_rows(RESULTS, [_row(config, name) for name in names], "experiment", "signs")
    text = "\n".join([HEAD, "|---" * (HEAD.count("|") - 1) + "|", *map(_shown, rows)])
    with write_atomically(RESULTS.with_suffix(".md")) as temporary:
        temporary.write_text(text + "\n", encoding="utf-8")
    print(text)


def _row(config: Config, name: str) -> dict:
    folder, codebook = run_folder(config) / "targets" / name, discoverer_of(config)[1]["codebook"]
    settings = {"translator": asdict(config.translator), "search": asdict(config.search), "reading": READING}
    with stage(folder, settings_of(config, "targets", **settings, codebook=codebook)) as figures:
        if figures is not None:
            found = {split: with_units(config, split, codebook) for split in SPLITS}
            speech = {split: each for split, (each, _) in found.items()}
            texts = {split: each.store.texts("target") for split, each in speech.items()}
            if name == "units":
                signs = {split: sequences.units for split, (_, sequences) in found.items()}
            else:
                signs = signs_of(name, texts, config.corpus.target_voice)
            figures["row"] = _figures(config, folder, speech, texts, signs) | {
                "origin": describe_run(config.trainer.seed)
            }
    return {"experiment": config.name, "signs": name} | record_of(folder)["row"]


def signs_of(name: str, texts: dict[str, list[str]], voice: str) -> dict[str, Sequences]:
    """Split → the signs of each of its sentences, int64 `(signs,)`."""
    if name == "characters":
        vocabulary = Vocabulary.of(texts["train"], CHARACTERS)
        return {split: [vocabulary.encode(text) for text in each] for split, each in texts.items()}
    spoken = {split: [normalise(text).split() for text in each] for split, each in texts.items()}
    speaker, words = load_voice(voice), sorted({word for each in spoken.values() for text in each for word in text})
    said = {word: [phone.symbol for phone in speaker.speak_with_phones(word)[1]] for word in words}
    known = sorted({phone for phones in said.values() for phone in phones} - {PAUSE})
    lots = np.random.default_rng(0)
    group = {phone: number for number, phones in enumerate(CLASSES.split("|")) for phone in phones.split()}
    if name == "classes" and (strange := [phone for phone in known if phone not in group]):
        raise UserError(f"{voice} says {strange[0]!r}, which is in none of the classes; they are for Flite's phones")
    sides = lots.integers(2, size=(2, len(known) + 1))  # what a neighbour before, and one behind, does to a phone

    def signs(words: list[str]) -> np.ndarray:
        phones = np.array([known.index(phone) for word in words for phone in said[word] if phone != PAUSE])
        if name == "classes":
            return np.array([group[known[phone]] for phone in phones])
        if name == "neighbours":
            padded = np.pad(phones, 1, constant_values=len(known))
            return 4 * phones + 2 * sides[0, padded[:-2]] + sides[1, padded[2:]]
        return 4 * phones + lots.choice(4, len(phones), p=LOTS) if name == "chance" else phones

    return {split: [signs(text) for text in each] for split, each in spoken.items()}


def _figures(config: Config, folder: Path, speech: dict[str, Speech], texts: dict, signs: dict[str, Sequences]) -> dict:
    """Trains the translator and the reader of these signs, and judges."""
    fabric, size = fabric_of(config), 1 + max(int(each.max()) for split in SPLITS for each in signs[split])
    pairs = [(speech[split], signs[split]) for split in ("train", "dev")]
    translates = TokensTask("translate", "source", config.translator, size, *pairs)
    trained = fit(translates, config.translator.training, config.trainer, folder / "translator", fabric)
    vocabulary = Vocabulary.of(texts["train"], WORDS)
    words = {split: [vocabulary.encode(text) for text in each] for split, each in texts.items()}
    reads = _Reader(config.translator, size, len(vocabulary.tokens), speech, signs, words)
    fit(reads, reads.config.training, config.trainer, folder / "reader", fabric)
    written, true, read = [], [], {"translated": [], "true": []}
    for split in JUDGED:
        heard = (speech[split].mfcc("source", items) for items in _groups(signs[split]))
        written += (found := _write(translates, signs["train"], heard, config.search))
        true += signs[split]
        for what, sequences in (("translated", found), ("true", signs[split])):
            seen = (pad([sequences[item] for item in items], torch.int64) for items in _groups(sequences))
            read[what] += [vocabulary.decode(each) for each in _write(reads, words["train"], seen, config.search)]
    references = [text for split in JUDGED for text in texts[split]]
    return {
        "size": size,
        "signs_a_sentence": float(np.mean([len(each) for each in true])),
        "error_rate": unit_error_rate(true, written),
        "seconds": trained["seconds"],
        **{what: score(each, references).as_dict() for what, each in read.items()},
    }


def _groups(sequences: Sequences) -> list[np.ndarray]:
    return np.array_split(np.arange(len(sequences)), len(sequences) // 32 + 1)


@torch.inference_mode()
def _write(
    task: TokensTask, learnt: Sequences, batches: Iterable[tuple[Tensor, Tensor]], search: SearchConfig
) -> Sequences:
    """What the trained network writes of these inputs; `learnt`: what it was trained to write."""
    model, limits = task.model.cpu().eval(), limits_of(learnt)._asdict()
    found = (each for batch in batches for each in beam_search(model, *batch, search, **limits))
    return [np.array(each.tokens, np.int64) for each in found]


class _Reader(TokensTask):
    """Signs → words: the translator's network behind another encoder."""

    def __init__(
        self, config: Seq2SeqConfig, size: int, words: int, speech: dict[str, Speech], signs: dict, tokens: dict
    ):
        training = replace(config.training, steps=READING)
        config = replace(config, token_dropout=0.0, dropout=0.1, training=training)
        pairs = [(speech[split], list(zip(signs[split], tokens[split]))) for split in ("train", "dev")]
        super().__init__("read", "target", config, words, *pairs)
        self.model.encoder = _SignEncoder(size, config.decoder_width)

    def batch(self, items: np.ndarray, share: float) -> tuple[Tensor, ...]:
        return self._batch(self.train, self.train_tokens, items)

    def _batch(self, speech: Speech, tokens: list, items: np.ndarray) -> tuple[Tensor, ...]:
        signs, words = zip(*(tokens[item] for item in items))
        return *pad(list(signs), torch.int64), *pad(list(words), torch.int64)


class _SignEncoder(nn.Module):
    """Signs `(batch, signs)` → states `(batch, signs, width)`."""

    def __init__(self, size: int, width: int):
        super().__init__()
        self.embedding, self.recurrent = nn.Embedding(size, 128), BiLstm(128, 256, 1)
        self.leave = nn.Sequential(nn.Linear(512, width), nn.LayerNorm(width))

    def forward(self, signs: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        states = self.leave(self.recurrent(self.embedding(signs), lengths))
        return states * frame_mask(lengths, states.shape[1])[:, :, None], lengths


def _shown(row: dict) -> str:
    bleu = row["translated"]
    figures = [
        f"{row['signs_a_sentence']:.1f}",
        f"{row['error_rate']:.1f}",
        f"{bleu['bleu']:.1f} ({bleu['bleu_low']:.1f} to {bleu['bleu_high']:.1f})",
        f"{row['true']['bleu']:.1f}",
        f"{row['seconds']:.0f}",
    ]
    return "| " + " | ".join([row["experiment"], ROWS[row["signs"]], *figures]) + " |"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"targets: {error}")
