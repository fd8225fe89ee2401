"""Waveform → transcript: the paper's recogniser (section 6.3), an attention model over words.

Trained on original target speech only; it never hears what a system says before it judges it.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch

from speech2code.audio.features import Mfcc, frame_count
from speech2code.audio.files import trim_silence
from speech2code.audio.filters import DELTA_WIDTH
from speech2code.config import SearchConfig, Seq2SeqConfig
from speech2code.corpora.batches import in_order, pad
from speech2code.errors import UserError
from speech2code.evaluation.vocabulary import WORDS, Vocabulary
from speech2code.training.checkpoints import WEIGHTS, load_checkpoint
from speech2code.training.progress import bar
from speech2code.translation.recurrent import SpeechToTokens
from speech2code.translation.search import beam_search

BATCH = 32  # utterances
SEARCH = SearchConfig(beam=4, length_penalty=0.6)


class AttentionRecogniser:
    """A trained SpeechToTokens over words, with its vocabulary and the normalisation of its features."""

    name = "own"

    def __init__(
        self, model: SpeechToTokens, vocabulary: Vocabulary, standard: tuple[torch.Tensor, torch.Tensor], longest: int
    ):
        self.model, self.vocabulary, self.standard, self.longest = model.eval(), vocabulary, standard, longest
        self.mfcc = Mfcc()

    @classmethod
    def load(
        cls,
        folder: Path,
        config: Seq2SeqConfig,
        words: list[str],
        standard: tuple[torch.Tensor, torch.Tensor],
        longest: int,
    ) -> "AttentionRecogniser":
        if not (folder / WEIGHTS).exists():
            raise UserError(f"{folder} holds no trained recogniser; run `speech2code recognise` first")
        model = SpeechToTokens(config, len(words))
        load_checkpoint(folder / WEIGHTS, model)
        return cls(model, Vocabulary(words, WORDS), standard, longest)

    def transcribe(self, waveforms: Iterable[np.ndarray], description: str = "own", threads: int = 1) -> list[str]:
        """Waveforms float32 `(samples,)` at 16 kHz → one transcript each; silence at the ends is trimmed first."""
        waveforms = [trim_silence(each) for each in waveforms]
        transcripts = [""] * len(waveforms)  # what is too short to have features is no word
        lengths = np.array([len(each) for each in waveforms])
        long_enough = np.flatnonzero(frame_count(lengths) >= DELTA_WIDTH)
        batches = [long_enough[rows] for rows in in_order(lengths[long_enough], BATCH)]
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            read = pool.map(lambda items: self._read([waveforms[item] for item in items]), batches)
            for items, texts in bar(zip(batches, read), description, len(batches)):
                for item, text in zip(items, texts):
                    transcripts[item] = text
        return transcripts

    @torch.inference_mode()
    def _read(self, waveforms: list[np.ndarray]) -> list[str]:
        batch, samples = pad(waveforms)
        mean, std = self.standard
        features = (self.mfcc(batch, samples) - mean) / std
        found = beam_search(self.model, features, frame_count(samples), SEARCH, longest=self.longest, longest_run=3)
        return [self.vocabulary.decode(hypothesis.tokens) for hypothesis in found]
