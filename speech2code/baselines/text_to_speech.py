"""Text → speech by a pretrained model of transformers: SpeechT5 with its HiFi-GAN (Ao et al. 2022), or VITS (Kim et al.
2021), which MMS has for a thousand languages (Pratap et al. 2023).

Both draw random numbers when they speak. They are drawn from the same seed for each text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from speech2code.audio.files import SAMPLE_RATE
from speech2code.baselines.pretrained import folder_of, load_model, load_part, missing
from speech2code.bcp47 import primary
from speech2code.config import Config
from speech2code.corpora.voices import Phone, Voice
from speech2code.errors import UserError

SEED = 0
LONGEST = 20.0  # mel frames for a token, transformers' own limit for a sentence that does not end
XVECTORS = "https://huggingface.co/datasets/Matthijs/cmu-arctic-xvectors"
NOTHING: tuple[np.ndarray, int, list[Phone]] = np.zeros(0, np.float32), SAMPLE_RATE, []


def load_text_to_speech(config: Config, device: torch.device) -> Voice:
    """`pretrained.text_to_speech` → a voice. UserError: it is of another kind, or what belongs to it is missing."""
    from transformers import AutoConfig

    name, model = "text_to_speech", str(config.pretrained.text_to_speech)
    folder = folder_of(name, model)
    kind, language = load_part(AutoConfig, name, folder).model_type, primary(config.corpus.target)
    if kind == "speecht5":
        return _load_speecht5(config, folder, language, device)
    if kind == "vits":
        return _load_vits(model, folder, language, device)
    raise UserError(f"pretrained.{name}={model} is of the kind {kind}; choose a SpeechT5 or a VITS model")


class SpeechT5Voice(Voice):
    """SpeechT5 by one speaker, whose x-vector is float32 `(1, size)`."""

    tells_phones = False

    def __init__(self, name: str, language: str, model: Any, tokenizer: Any, vocoder: Any, speaker: Tensor):
        self.name, self.language, self.model, self.tokenizer = name, language, model, tokenizer
        self.vocoder, self.speaker = vocoder, speaker

    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        """Text that is longer than the model can read is cut."""
        known = self.model.config
        tokens = self.tokenizer(text, return_tensors="pt", truncation=True, max_length=known.max_text_positions)
        tokens = tokens["input_ids"].to(self.model.device)
        frames = (known.max_speech_positions - 1) * known.reduction_factor  # beyond them it has no positions
        with _same_draws():
            sound = self.model.generate_speech(
                tokens, self.speaker, vocoder=self.vocoder, maxlenratio=min(LONGEST, frames / tokens.shape[1])
            )
        return sound.cpu().numpy(), self.vocoder.config.sampling_rate, []


class VitsVoice(Voice):
    """VITS with one speaker."""

    tells_phones = False

    def __init__(self, name: str, language: str, model: Any, tokenizer: Any):
        self.name, self.language, self.model, self.tokenizer = name, language, model, tokenizer

    @torch.inference_mode()
    def _synthesise(self, text: str) -> tuple[np.ndarray, int, list[Phone]]:
        """Characters that the model does not know are not spoken."""
        tokens = self.tokenizer(text, return_tensors="pt").to(self.model.device)
        if tokens["input_ids"].shape[1] < 2:  # nothing, or the blank that stands around each character
            return NOTHING
        with _same_draws():
            sound = self.model(**tokens).waveform[0]
        return sound.cpu().numpy(), self.model.config.sampling_rate, []


@contextmanager
def _same_draws() -> Iterator[None]:
    with torch.random.fork_rng(range(torch.cuda.device_count())):
        torch.manual_seed(SEED)
        yield


def _load_speecht5(config: Config, folder: Path, language: str, device: torch.device) -> SpeechT5Voice:
    from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer

    settings, name = config.pretrained, "text_to_speech"
    if settings.vocoder is None:
        raise missing("vocoder", "SpeechT5")
    model = load_model(SpeechT5ForTextToSpeech, name, folder).to(device)
    speaker = read_speaker(settings.speaker, model.config.speaker_embedding_dim).to(device)
    vocoder = load_model(SpeechT5HifiGan, "vocoder", folder_of("vocoder", settings.vocoder)).to(device)
    if vocoder.config.model_in_dim != model.config.num_mel_bins:
        raise UserError(
            f"pretrained.vocoder={settings.vocoder} reads {vocoder.config.model_in_dim} mel bands, "
            f"{settings.text_to_speech} predicts {model.config.num_mel_bins}; choose the vocoder of that model"
        )
    tokenizer = load_part(SpeechT5Tokenizer, name, folder)
    return SpeechT5Voice(str(settings.text_to_speech), language, model, tokenizer, vocoder, speaker)


def read_speaker(path: str | None, size: int) -> Tensor:
    """An x-vector, `(size,)` or `(1, size)` in a file of numpy's → float32 `(1, size)`. UserError where it is none."""
    if path is None:
        raise UserError(
            "SpeechT5 needs a speaker: set pretrained.speaker= to a file .npy with an x-vector, such as those of "
            f"{XVECTORS}"
        )
    try:
        known = np.load(path, allow_pickle=False).astype(np.float32).reshape(-1)
    except Exception as error:  # numpy reads headers with Python's own parser: damage makes that raise anything
        raise UserError(f"pretrained.speaker={path} is no array of numpy's, or cannot be read ({error})") from error
    if known.shape != (size,) or not np.isfinite(known).all():
        raise UserError(f"pretrained.speaker={path} has {known.size} numbers; an x-vector of this model has {size}")
    return torch.from_numpy(known)[None]


def _load_vits(name: str, folder: Path, language: str, device: torch.device) -> VitsVoice:
    from transformers import VitsModel, VitsTokenizer

    tokenizer = load_part(VitsTokenizer, "text_to_speech", folder)
    for package, needed in (("uroman", tokenizer.is_uroman), ("phonemizer", tokenizer.phonemize)):
        if needed and find_spec(package) is None:  # transformers would warn only, and speak nothing
            raise UserError(f"pretrained.text_to_speech={name} needs the package {package}: pip install {package}")
    model = load_model(VitsModel, "text_to_speech", folder).to(device)
    if model.config.num_speakers > 1:
        raise UserError(
            f"pretrained.text_to_speech={name} has {model.config.num_speakers} speakers; choose a model of one"
        )
    return VitsVoice(name, language, model, tokenizer)
