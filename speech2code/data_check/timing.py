"""How long a run would take on this machine: preparation and a few steps of each network's own training, timed on a
sample of the data.

Not counted: looks at dev, decoding, recognisers that only read, scores and report.
"""

from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from speech2code.builders import build_translator, build_unit_encoder, build_vocoder, judges_of, learn_units
from speech2code.config import Config, TrainingConfig
from speech2code.corpora.pairs import Pair
from speech2code.corpora.speech import Speech
from speech2code.data_check.corpus import CheckedCorpus
from speech2code.data_check.sample import STEPS, TimedTask, prepared
from speech2code.errors import UserError
from speech2code.protocols import UnitEncoder
from speech2code.recognisers.vocabulary import Vocabulary
from speech2code.registry import BY_NAME, target_stages
from speech2code.scoring.normalisation import holds_words
from speech2code.stages.folders import fabric_of
from speech2code.training.loop import Task, clock_of, fit
from speech2code.training.tokens import TokensTask
from speech2code.training.units import COUNTED, encode_split
from speech2code.training.vocoder import VocoderTask
from speech2code.units.sequences import UnitSequences

if TYPE_CHECKING:
    from lightning_fabric import Fabric

FEWEST = 4  # training pairs to measure with


@dataclass(frozen=True)
class Estimate:
    """One stage of `run`."""

    stage: str
    seconds: float  # of a processor's time; on an accelerator, of the clock
    how: str  # what it was made of, in words


def estimate(corpus: CheckedCorpus) -> list[Estimate]:
    """What `prepare` and each training would take, in the order of `run`. UserError where it cannot be measured."""
    config, train = corpus.config, corpus.kept("train")
    if len(train) < FEWEST:
        raise UserError(f"{len(train)} usable training pairs are too few to measure with")
    everything = sum(len(corpus.kept(split)) for split in corpus.splits)
    with TemporaryDirectory(prefix="speech2code-") as folder:
        fabric = fabric_of(config)
        train_part, dev_part, seconds = prepared(train, config.corpus.trimming, Path(folder))
        bench = _Bench(config, Path(folder), fabric, train_part, dev_part, len(train), everything)
        jobs = config.trainer.jobs
        how = f"{seconds:.3f} s a pair, {everything:,} pairs, {jobs} at a time"
        found = [Estimate("prepare", seconds * everything / jobs, how), *bench.estimates(_read(config, train))]
    return [each for each in found if not config.donor or each.stage not in target_stages()]


def together(estimates: list[Estimate], jobs: int) -> float:
    """Seconds of all, those that do not wait for each other side by side: no schedule is shorter than its longest
    chain, nor than all its work shared out evenly."""
    ends: dict[str, float] = {}
    for each in estimates[1:]:
        ends[each.stage] = each.seconds + max((ends.get(name, 0.0) for name in BY_NAME[each.stage].needs), default=0.0)
    return estimates[0].seconds + max(*ends.values(), sum(each.seconds for each in estimates[1:]) / jobs)


def _read(config: Config, train: list[Pair]) -> bool:
    """Whether the in-domain recogniser has text to learn from."""
    there = any(holds_words(pair.target_text or "", config.corpus.target) for pair in train)
    return there and "in_domain" in judges_of(config)


class _Bench:
    """A sample of the corpus, and all that trains on it as a run would."""

    def __init__(
        self, config: Config, folder: Path, fabric: "Fabric", train: Speech, dev: Speech, pairs: int, everything: int
    ):
        """`pairs`: how many the whole corpus has to train on; `everything`: in all its splits."""
        self.config, self.folder, self.fabric, self.train, self.dev = config, folder, fabric, train, dev
        self.pairs, self.everything, self.clock = pairs, everything, clock_of(fabric.device)
        self.step = dict[str, float]()  # network → seconds

    def estimates(self, text: bool) -> list[Estimate]:
        """Stage after stage; the recogniser where there is text."""
        encoder, units, first = self._units()
        found = [first]
        if text:
            found.append(self._recogniser())
        return [*found, self._vocoder(encoder, units), self._translator(encoder, units)]

    def _units(self) -> tuple[UnitEncoder, dict[Speech, UnitSequences], Estimate]:
        settings = self.config.units
        model = build_unit_encoder(settings, self.train.speaker_count("target"))
        began, self.fitted = self.clock(), 0.0
        learn_units(settings)(model, settings, self.train, self.dev, self._fit)
        learnt = self.clock()
        units = {speech: encode_split(model.eval(), speech) for speech in (self.train, self.dev)}
        encoded = (self.clock() - learnt) / (len(self.train) + len(self.dev)) * self.everything
        # what learns from the trained codes, and, without a network, all
        counted = (learnt - began - self.fitted) / len(self.train) * min(self.pairs, COUNTED)
        seconds, how = self._whole("units", getattr(settings, "training", None))
        how += f"{' and ' if how else ''}{counted + encoded:.0f} s to count and to encode all speech"
        return model, units, Estimate("units", seconds + counted + encoded, how)

    def _vocoder(self, encoder: UnitEncoder, units: dict[Speech, UnitSequences]) -> Estimate:
        settings = self.config.vocoder
        model = build_vocoder(settings, encoder.spec)
        task = VocoderTask(model, encoder, (self.train, units[self.train]), (self.dev, units[self.dev]))
        self._fit(task, settings.training)
        return Estimate("vocoder", *self._whole("vocoder", settings.training))

    def _translator(self, encoder: UnitEncoder, units: dict[Speech, UnitSequences]) -> Estimate:
        settings = self.config.translator
        model = build_translator(settings, encoder.spec.codebook_size)
        pairs = [(speech, units[speech].units) for speech in (self.train, self.dev)]
        self._fit(TokensTask("translator", "source", settings, model, *pairs), settings.training)
        return Estimate("translator", *self._whole("translator", settings.training))

    def _recogniser(self) -> Estimate:
        settings, language = self.config.recogniser, self.config.corpus.target
        texts = self.train.store.texts("target")
        vocabulary = Vocabulary.of(texts, settings.tokens, language, settings.vocabulary_size)
        pairs = [
            (each, [vocabulary.encode(text) for text in each.store.texts("target")]) for each in (self.train, self.dev)
        ]
        model = build_translator(settings, len(vocabulary.tokens))
        self._fit(TokensTask("recogniser", "target", settings, model, *pairs), settings.training)
        return Estimate("recogniser", *self._whole("recogniser", settings.training))

    def _fit(self, task: Task, training: TrainingConfig) -> dict:
        """`training.loop.fit`, for a few steps."""
        began, timed = self.clock(), TimedTask(task, self.fabric.device)
        steps = 1 + max(STEPS, -(-len(self.train) // training.batch_size))
        few = replace(training, steps=steps, epochs=None, validations=1)
        limits = replace(self.config.trainer, minutes=None)
        figures = fit(timed, few, limits, self.folder / task.name, self.fabric)
        self.step[task.name] = (timed.began[steps] - timed.began[1]) / (steps - 1)
        self.fitted = self.clock() - began
        return figures

    def _whole(self, name: str, training: TrainingConfig | None) -> tuple[float, str]:
        """Seconds of a whole training, and how they come about; none where there is no network."""
        if training is None or name not in self.step:
            return 0.0, ""
        batches = -(-self.pairs // training.batch_size)
        steps = min(training.steps or inf, (training.epochs or inf) * batches)
        seconds, minutes = steps * self.step[name], self.config.trainer.minutes or inf
        each = f"{self.step[name]:.3f} s a step"
        if seconds > 60 * minutes:
            reached, of = 60 * minutes / self.step[name], f" of {steps:,}" if steps < inf else ""
            return 60 * minutes, f"{each}; trainer.minutes={minutes:g} ends it after {reached:,.0f}{of} steps"
        return seconds, f"{steps:,} steps, {each}"
