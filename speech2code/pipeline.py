"""Speech in one language → speech in another: a trained system as one object and one folder. Knows no Hydra.

The folder holds `config.json` and `model.safetensors`; loading it executes nothing.
"""

import os
from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from speech2code.audio.features import MFCC_DIM, Mfcc, frame_count
from speech2code.audio.files import SAMPLE_RATE
from speech2code.audio.steadiness import is_steady
from speech2code.audio.trimming import ACTIVITY, LEVEL, speech_bounds
from speech2code.builders import build_translator, build_unit_encoder, build_vocoder, settings_class
from speech2code.config import SearchConfig, Seq2SeqConfig, UnitsConfig, VocoderConfig
from speech2code.corpora.augmentation import vocal_tract
from speech2code.corpora.checks import LONGEST
from speech2code.corpora.statistics import SourceRange
from speech2code.errors import UserError
from speech2code.files import inside, read_json, write_atomically, write_json
from speech2code.hub import locate
from speech2code.padding import pad
from speech2code.ranges import mismatch, number, settings_from, whole_number
from speech2code.sentences import check_distance, check_length, is_scrap, sentences_of, span, warn
from speech2code.training.checkpoints import CARD, WEIGHTS, check_weights, load_checkpoint, save_weights
from speech2code.translation.search import Hypothesis, beam_search
from speech2code.vocoders.speaking import batch_of, speak, stream

MAX_CONFIG = 1 << 20  # bytes of config.json: a hundred thousand speakers
FORMAT = 2  # of config.json; 1 was before kinds of units, vocoders and translators
SECTIONS = ("units", "vocoder", "translator")


class Limits(NamedTuple):
    """Facts of the training targets that bound the search."""

    longest: int  # units in a sentence
    longest_run: int  # times one unit stands in a row


class Sentence(NamedTuple):
    """One sentence of a recording, and its translation."""

    start: int  # samples of the recording
    end: int
    hypothesis: Hypothesis | None  # its target units; None where it is no speech
    waveform: np.ndarray  # float32 (samples,)


class SpeechTranslator(nn.Module):
    """Translator, unit encoder and vocoder that belong together, with the normalisation of their features."""

    source_mean: Tensor  # (39,)
    source_std: Tensor
    target_mean: Tensor
    target_std: Tensor
    card: str | None = None  # what `README.md` says of it in its folder

    def __init__(
        self,
        units: UnitsConfig,
        vocoder: VocoderConfig,
        translator: Seq2SeqConfig,
        search: SearchConfig,
        limits: Limits,
        vtln: list[float],
        source_range: SourceRange | None = None,
        trimming: str = LEVEL,
    ):
        """`vtln`: the VTLN factor of each target speaker; without a `source_range` no recording is split; `trimming`:
        how the corpus was trimmed, as `trim_silence` knows it."""
        super().__init__()
        self.settings: dict[str, Any] = {"units": units, "vocoder": vocoder, "translator": translator, "search": search}
        self.limits, self.search, self.vtln, self.source_range = limits, search, vtln, source_range
        self.trimming = trimming
        self.mfcc = Mfcc()
        for side in ("source", "target"):
            self.register_buffer(f"{side}_mean", torch.zeros(MFCC_DIM))
            self.register_buffer(f"{side}_std", torch.ones(MFCC_DIM))
        self.unit_encoder = build_unit_encoder(units, len(vtln))
        self.vocoder = build_vocoder(vocoder, self.unit_encoder.spec)
        self.translator = build_translator(translator, self.unit_encoder.spec.codebook_size)

    def translate(self, waveform: np.ndarray) -> np.ndarray:
        """Source waveform float32 `(samples,)` at 16 kHz → target waveform float32 `(samples,)`.

        Silence at its ends is cut off. What pauses for longer, or is longer, than a sentence of the training is split
        at its pauses, and the answers stand as far apart. Noise, tones and scraps are answered by silence. An
        `InputWarning` tells of these, and of speech unlike the training's. UserError where more than 30 s have no
        pause.
        """
        sentences = self.translate_sentences(waveform)
        return joined(sentences) if sentences else np.zeros(len(waveform), np.float32)

    def translate_sentences(self, waveform: np.ndarray) -> list[Sentence]:
        """As `translate` → each sentence by itself, with its units; none where nobody speaks."""
        first, last = speech_bounds(waveform, self.trimming)
        if first == last:
            warn("nobody speaks in it: answered by silence")
            return []
        found = sentences_of(waveform[first:last], self.source_range)
        return [self._sentence(waveform, first + start, first + end) for start, end in found]

    def _sentence(self, waveform: np.ndarray, start: int, end: int) -> Sentence:
        speech, where = waveform[start:end], span(start, end)
        beginning = pad([speech[: int(LONGEST * SAMPLE_RATE)]])
        silence = Sentence(start, end, None, np.zeros(end - start, np.float32))
        if is_steady(self.mfcc(*(each.to(self.device) for each in beginning))[0]):
            warn(f"no speech in {where}, only noise or a tone that never changes: answered by silence")
            return silence
        if is_scrap(speech, where, self.source_range):
            return silence
        check_length(speech, where, self.source_range)
        if self.settings["translator"].normalisation == "corpus":  # else it does not hear that average
            check_distance(self.features("source", [speech])[0][0].cpu().numpy(), where, self.source_range)
        hypothesis = self.translate_to_units([speech])[0]
        return Sentence(start, end, hypothesis, self.speak([hypothesis.tokens])[0])

    @torch.inference_mode()
    def translate_to_units(self, waveforms: list[np.ndarray]) -> list[Hypothesis]:
        """Source waveforms, a sentence each → target units, with score and alignment."""
        features, lengths = self.features("source", waveforms)
        return beam_search(self.translator, features, lengths, self.search, **self.limits._asdict())

    @torch.inference_mode()
    def encode(self, waveforms: list[np.ndarray], speaker: int = 0) -> list[list[int]]:
        """Target waveforms of one of the speakers → their units."""
        features, lengths = self.features("target", waveforms)
        if self.vtln[speaker] != 1:
            factors = features.new_full((len(features),), self.vtln[speaker])
            features = vocal_tract(features, factors, self.target_mean, self.target_std)
        encoder = self.unit_encoder
        return [encoder.deduplicate(steps)[0].tolist() for steps in encoder.encode(features, lengths)]

    def speak(self, units: list[list[int]], speaker: int = 0) -> list[np.ndarray]:
        """Unit sequences → waveforms float32 `((frames − 1) · 160,)`, peak 0.7; UserError where wild weights make
        something else of them."""
        spoken = speak(units, self.unit_encoder, self.vocoder, speaker)
        if not all(np.isfinite(each).all() for each in spoken):
            raise UserError("this model's weights lead to infinite numbers instead of sound; train it again")
        return spoken

    @torch.inference_mode()
    def unit_frames(self, units: list[int], speaker: int = 0) -> list[int]:
        """How many frames of 10 ms `speak` gives to each unit."""
        steps = batch_of([units], self.unit_encoder, self.vocoder, speaker).durations[0]
        return (steps * self.unit_encoder.spec.step_frames).tolist()

    def stream(self, units: Iterable[int], speaker: int = 0) -> Iterator[np.ndarray]:
        """Units as they come → pieces of a waveform, the first after 24 units; longer speech needs no more memory."""
        return stream(units, self.unit_encoder, self.vocoder, speaker)

    def features(self, side: str, waveforms: list[np.ndarray]) -> tuple[Tensor, Tensor]:
        """Waveforms → standardised MFCC `(batch, time, 39)`, zero beyond each end, and lengths `(batch,)`."""
        batch, samples = (each.to(self.device) for each in pad(waveforms))
        mean, std = getattr(self, f"{side}_mean"), getattr(self, f"{side}_std")
        return (self.mfcc(batch, samples) - mean) / std, frame_count(samples)

    @property
    def device(self) -> torch.device:
        return self.source_mean.device

    def save_pretrained(self, folder: Path | str, half: bool = False) -> None:
        """Writes `config.json`, `model.safetensors`, and the model's card where it has one. `half`: with 16 bits a
        number, half the size. UserError where a weight is too large for these."""
        model = _rounded(self) if half else self
        config: dict[str, Any] = {"format": FORMAT} | {name: asdict(part) for name, part in self.settings.items()}
        for name in SECTIONS:
            config[name].pop("training", None)
        config |= {"limits": self.limits._asdict(), "vtln": self.vtln}
        config |= {"source_range": self.source_range and self.source_range._asdict(), "trimming": self.trimming}
        config["codebook"] = model.unit_encoder.inventory.fingerprint()
        save_weights(Path(folder) / WEIGHTS, model, half)
        write_json(Path(folder) / "config.json", config)
        (Path(folder) / CARD).unlink(missing_ok=True)  # of another model
        if self.card:
            with write_atomically(Path(folder) / CARD) as temporary:
                temporary.write_text(self.card, encoding="utf-8")

    @classmethod
    def from_pretrained(cls, folder: Path | str, revision: str | None = None) -> "SpeechTranslator":
        """Loads an exported folder, or a model of that id, and of a revision, from the Hugging Face hub. A stranger's
        may hold anything: nothing is executed, and nothing is allocated before the weights are known to be those of its
        `config.json`. UserError when it is not whole."""
        folder = locate(folder, ["config.json", WEIGHTS, CARD], revision)
        config = read_json(inside(folder, "config.json"), MAX_CONFIG)
        if isinstance(config, dict) and "inverter" in config:
            raise UserError(
                f"{folder} was exported by an older version of Speech2Code, whose models no longer load; train it "
                "again with `speech2code run` (CHANGELOG.md, To be retrained)"
            )
        try:
            parts, codebook = _parts(config), config["codebook"]
        except (AttributeError, KeyError, TypeError, UserError) as error:
            raise UserError(
                f"{folder}/config.json does not describe a Speech2Code model ({error}); export the model again"
            ) from error
        weights = inside(folder, WEIGHTS)
        check_weights(weights, lambda: cls(**parts))
        model = cls(**parts)
        load_checkpoint(weights, model)
        if model.unit_encoder.inventory.fingerprint() != codebook:
            raise UserError(
                f"{folder} holds the weights of another codebook than its config.json names; export the model again"
            )
        model.card = _card(folder)
        return model.eval()

    def push_to_hub(self, repository: str) -> None:
        """Uploads the exported folder to the Hugging Face hub as `owner/name`."""
        from tempfile import TemporaryDirectory

        from huggingface_hub import HfApi

        with TemporaryDirectory() as folder:
            self.save_pretrained(folder)
            HfApi().create_repo(repository, exist_ok=True)
            HfApi().upload_folder(repo_id=repository, folder_path=folder)


def _rounded(model: SpeechTranslator) -> SpeechTranslator:
    """A copy of it as it comes back from weights of 16 bits: its codebook is known by the rounded codes."""
    rounded = deepcopy(model).half().float()
    if broken := [name for name, value in rounded.state_dict().items() if not value.isfinite().all()]:
        raise UserError(f"{broken[0]} holds numbers that 16 bits cannot: save this model without half precision")
    return rounded


def joined(sentences: list[Sentence]) -> np.ndarray:
    """The translations of one or more sentences, as far apart as they were spoken → float32 `(samples,)`."""
    answers, behind = [], sentences[0].start
    for each in sentences:
        answers += [np.zeros(each.start - behind, np.float32), each.waveform]
        behind = each.end
    return np.concatenate(answers)


def _parts(config: Any) -> dict[str, Any]:
    """What `config.json` says → the arguments of SpeechTranslator. UserError, or what Python says of a wrong type,
    where it is not what `save_pretrained` writes."""
    parts: dict[str, Any] = {
        name: settings_from(config[name], settings_class(name, config[name]["kind"])) for name in SECTIONS
    }
    if reason := mismatch(parts["units"], parts["vocoder"], {"translator": parts["translator"]}):
        raise UserError(reason)
    limits = Limits(**{name: whole_number(value, f"limits.{name}") for name, value in config["limits"].items()})
    vtln = config["vtln"]
    if not isinstance(vtln, list) or not vtln:
        raise UserError("vtln must be a list of numbers, one a speaker")
    for factor in vtln:
        number(factor, "each factor of vtln", 0.5, 2)
    search = settings_from(config["search"], SearchConfig)
    known = config.get("source_range")  # a model that was exported before has none
    if known is not None:
        known = {name: number(value, name, 0, LONGEST) for name, value in known.items() if value is not None}
        known = SourceRange(**known)
    trimming = config.get("trimming", LEVEL)  # likewise
    if trimming not in (LEVEL, ACTIVITY):
        raise UserError(f"trimming must be {LEVEL} or {ACTIVITY}, not {trimming!r}")
    facts = {"limits": limits, "vtln": vtln, "source_range": known, "trimming": trimming}
    return {**parts, "search": search, **facts}


def _card(folder: Path) -> str | None:
    if not os.path.lexists(folder / CARD) or (path := inside(folder, CARD)).stat().st_size > MAX_CONFIG:
        return None
    return path.read_text(encoding="utf-8", errors="replace")
