"""Waveform → transcript: the paper's recogniser (section 6.3), an attention model over
words, characters or byte pairs.

Trained on original target speech only; it never meets what a system says before it judges it.
"""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.features import Mfcc, frame_count
from speech2code.audio.filters import DELTA_WIDTH
from speech2code.audio.trimming import TRIM_DB, trim_silence
from speech2code.builders import build_translator, settings_class
from speech2code.config import Config, RecogniserConfig, SearchConfig
from speech2code.corpora.batches import in_order
from speech2code.errors import UserError
from speech2code.files import write_json
from speech2code.padding import pad
from speech2code.protocols import Translator
from speech2code.ranges import settings_from, whole_number
from speech2code.recognisers.vocabulary import Vocabulary
from speech2code.seals import read_sealed, sealed
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.progress import bar
from speech2code.translation.search import beam_search

BATCH = 32  # utterances
SEARCH = SearchConfig(beam=4, length_penalty=0.6)
DESCRIPTION = "recogniser.json"


class AttentionRecogniser:
    """A trained network from speech to tokens, with its vocabulary, the normalisation of its features and the stop
    rules of its search."""

    name = "in_domain"

    def __init__(
        self, model: Translator, vocabulary: Vocabulary, standard: tuple[Tensor, Tensor], limits: dict[str, int]
    ):
        self.model, self.vocabulary, self.standard, self.limits = model.eval(), vocabulary, standard, limits
        self.mfcc = Mfcc()
        self.signature = (
            f"{self.name}|tokens:{vocabulary.kind}:{len(vocabulary.tokens)}|silence:trimmed at -{TRIM_DB} dB"
        )

    @staticmethod
    def describe(
        folder: Path,
        settings: RecogniserConfig,
        vocabulary: Vocabulary,
        standard: tuple[Tensor, Tensor],
        limits: dict[str, int],
    ) -> None:
        """Writes what `load` needs beside the weights: `standard` is mean and deviation of the MFCC, `limits` the stop
        rules of `beam_search`."""
        known: dict = {"settings": asdict(settings) | {"training": None}, "vocabulary": vocabulary.state()}
        known |= {"limits": limits, "mean": standard[0].tolist(), "std": standard[1].tolist()}
        write_json(folder / DESCRIPTION, sealed(known))

    @classmethod
    def load(cls, run: Path, config: Config) -> "AttentionRecogniser":
        """What `train recogniser` has left in the folder of a run; UserError where it has not."""
        folder = run / "recogniser"
        if not (folder / WEIGHTS).exists():
            raise UserError(f"{folder} holds no trained recogniser; run `speech2code train recogniser` first")
        advice = f"delete {folder} and run `speech2code train recogniser` again"
        known = read_sealed(folder / DESCRIPTION, advice)
        try:
            described = {name: value for name, value in known["settings"].items() if name != "training"}
            settings: Any = settings_from(described, settings_class("recogniser", described["kind"]))
            vocabulary = Vocabulary.from_state(known["vocabulary"])
            standard = torch.tensor(known["mean"]), torch.tensor(known["std"])
            limits = {name: whole_number(known["limits"][name], name) for name in ("longest", "longest_run")}
        except Exception as error:  # byte pairs raise what they like
            raise UserError(f"{folder / DESCRIPTION} does not describe a recogniser ({error}); {advice}") from error
        model = build_translator(settings, len(vocabulary.tokens))
        load_checkpoint(folder / WEIGHTS, model)
        return cls(model, vocabulary, standard, limits)

    def transcribe(self, waveforms: Iterable[np.ndarray], description: str = "in_domain") -> list[str]:
        """Waveforms float32 `(samples,)` at 16 kHz → one transcript each; silence at the ends is trimmed first."""
        waveforms = [trim_silence(each) for each in waveforms]
        transcripts = [""] * len(waveforms)  # what is too short to have features is no word
        lengths = np.array([len(each) for each in waveforms])
        long_enough = np.flatnonzero(frame_count(lengths) >= DELTA_WIDTH)
        batches = [long_enough[rows] for rows in in_order(lengths[long_enough], BATCH)]
        for items in bar(batches, description, len(batches)):
            for item, text in zip(items, self._read([waveforms[item] for item in items])):
                transcripts[item] = text
        return transcripts

    @torch.inference_mode()
    def _read(self, waveforms: list[np.ndarray]) -> list[str]:
        batch, samples = pad(waveforms)
        mean, std = self.standard
        features = (self.mfcc(batch, samples) - mean) / std
        found = beam_search(self.model, features, frame_count(samples), SEARCH, **self.limits)
        return [self.vocabulary.decode(hypothesis.tokens) for hypothesis in found]
