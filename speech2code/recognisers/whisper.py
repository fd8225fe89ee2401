"""Whisper by faster-whisper: a recogniser for any language that it knows, which no training of ours has met."""

from collections.abc import Iterable
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.trimming import trim_silence
from speech2code.bcp47 import primary
from speech2code.config import Config, WhisperConfig
from speech2code.corpora.checks import SILENT
from speech2code.errors import UserError
from speech2code.scoring.detectors import SILENT_DBFS, near_silent

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

LONGEST = 30  # seconds that Whisper can read at once: what is longer is cut
FRAMES = 100  # a second, of Whisper's features
# WER in % on 60 sentences of Flite's slt, base: 0 s 3.3, 0.1 s 2.2, 0.5 s 1.7 (15, 10, 8 words)
PADDING = 0.5  # seconds
PEAK = 0.5
# Whisper's own rule, with OpenAI's values: no speech where the probability of none is above, and the mean
# log-probability of what it would write below. Of silence it writes "you" with −0.5: the faint needs no second proof.
NO_SPEECH, UNSURE = 0.6, -1.0
SILENCE_POLICY = (
    f"trimmed at -40 dB, peak set to {PEAK}, {PADDING} s of silence before, silence behind up to the window; "
    f"nothing where the peak is below {SILENT}, or no-speech above {NO_SPEECH} and log-probability below {UNSURE} or "
    f"root mean square below {SILENT_DBFS:.0f} dBFS"
)
CODES = {"cmn": "zh", "fil": "tl", "jv": "jw", "nb": "no"}  # BCP 47 → Whisper, where they differ
DEVICES = {"auto": "auto", "gpu": "cuda", "cuda": "cuda"}  # Fabric's accelerator → CTranslate2's; any other: cpu


class Whisper:
    """waveforms → transcripts, one a waveform: the most likely ones, without timestamps, without the text before."""

    name = "whisper"

    def __init__(self, model: "WhisperModel", language: str, settings: WhisperConfig, task: str = "transcribe"):
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        self.model, self.settings, self.language = model, settings, language
        known = model.model.is_multilingual
        self.tokenizer = Tokenizer(model.hf_tokenizer, known, task=task, language=language)
        self.prompt = model.get_prompt(self.tokenizer, [], without_timestamps=True)
        self.suppressed = list(get_suppressed_tokens(self.tokenizer, [-1]))  # signs that nobody speaks
        options = f"{settings.compute_type}|beam:{settings.beam}|window:{settings.window} s|language:{language}"
        version_of = f"faster-whisper:{version('faster-whisper')}"
        self.signature = f"{self.name}:{settings.model}|{version_of}|{options}|silence:{SILENCE_POLICY}"

    @classmethod
    def load(cls, run: Path, config: Config) -> "Whisper":
        """Nothing of a run's folder is needed. UserError: package or model is missing, or knows no such language."""
        return cls._load(config, config.corpus.target)

    @classmethod
    def of_source(cls, config: Config, task: str) -> "Whisper":
        """What writes down what is said in `corpus.source`: `task` is "transcribe", or "translate", into English."""
        return cls._load(config, config.corpus.source, task)

    @classmethod
    def _load(cls, config: Config, tag: str, task: str = "transcribe") -> "Whisper":
        model = check_model(config.whisper)
        if find_spec("faster_whisper") is None:
            raise UserError("recogniser whisper needs the package faster-whisper: pip install 'speech2code[whisper]'")
        from faster_whisper import WhisperModel

        device, threads = DEVICES.get(config.trainer.accelerator, "cpu"), config.trainer.threads
        try:
            known = WhisperModel(model, device, compute_type=config.whisper.compute_type, cpu_threads=threads)
        except (RuntimeError, ValueError, OSError) as error:
            raise UserError(f"whisper.model={model} cannot be loaded: {' '.join(str(error).split())}") from error
        language = primary(tag)
        code = CODES.get(language, language)
        if code not in known.supported_languages or (
            known.model.is_multilingual and known.hf_tokenizer.token_to_id(f"<|{code}|>") is None
        ):
            raise UserError(f"whisper.model={model} does not know {tag}; choose a multilingual model")
        return cls(known, code, config.whisper, task)

    def transcribe(self, waveforms: Iterable[np.ndarray], description: str = "whisper") -> list[str]:
        """One transcript a waveform (float32 `(samples,)`, 16 kHz), in order; "" where nothing was recognised."""
        from tqdm import tqdm

        sounds = [trim_silence(np.asarray(each, dtype=np.float32)) for each in waveforms]
        transcripts = [""] * len(sounds)
        windows: dict[int, list[int]] = {}  # seconds → which utterances are read in so many
        for item, each in enumerate(sounds):
            if np.abs(each).max(initial=0.0) >= SILENT:
                windows.setdefault(self._seconds(each), []).append(item)
        with tqdm(total=sum(map(len, windows.values())), desc=description, unit="utterance", disable=None) as progress:
            for seconds, spoken in windows.items():
                for start in range(0, len(spoken), self.settings.batch_size):
                    items = spoken[start : start + self.settings.batch_size]
                    for item, text in zip(items, self._read([sounds[item] for item in items], seconds)):
                        transcripts[item] = text
                    progress.update(len(items))
        return transcripts

    def _seconds(self, speech: np.ndarray) -> int:
        return self.settings.window if PADDING + len(speech) / SAMPLE_RATE <= self.settings.window else LONGEST

    def _read(self, sounds: list[np.ndarray], seconds: int) -> list[str]:
        """Up to `batch_size` utterances, each in a window of its own: none knows of the others."""
        features = [self.model.feature_extractor(window(each, seconds))[:, : seconds * FRAMES] for each in sounds]
        # faster-whisper's own `transcribe` does the same, but reads windows of 30 seconds only
        answers = self.model.model.generate(
            self.model.encode(np.stack(features)),
            [self.prompt] * len(sounds),
            beam_size=self.settings.beam,
            max_length=self.model.max_length,
            suppress_tokens=self.suppressed,
            return_scores=True,
            return_no_speech_prob=True,
        )
        texts = []
        for sound, answer in zip(sounds, answers):
            tokens = answer.sequences_ids[0]
            sure = answer.scores[0] * len(tokens) / (len(tokens) + 1)  # mean log-probability, the end's too
            nobody = answer.no_speech_prob > NO_SPEECH and (sure < UNSURE or near_silent(sound))
            texts.append("" if nobody else self.tokenizer.decode(tokens).strip())
        return texts


def check_model(settings: WhisperConfig) -> str:
    """→ the model; UserError where there is none."""
    if settings.model is None:
        raise UserError(
            "recogniser whisper needs a model: set whisper.model= to a size (whisper.model=base), to an id on the "
            "Hugging Face hub (both are downloaded once), or to a folder with a model in CTranslate2's format"
        )
    return settings.model


def window(speech: np.ndarray, seconds: int) -> np.ndarray:
    """Trimmed speech, float32 `(samples,)` → what Whisper reads, float32 `(seconds · 16000,)`: at one level, silence
    around it; what is longer is cut."""
    size, front = seconds * SAMPLE_RATE, round(PADDING * SAMPLE_RATE)
    levelled = np.pad(speech * (PEAK / np.abs(speech).max()), (front, 0))[:size]
    return np.pad(levelled, (0, size - len(levelled)))
