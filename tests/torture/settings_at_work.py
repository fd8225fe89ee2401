"""Settings that the check allows, at their limits or oddly combined, each in one small training or stage: it works, or
one sentence before work."""

import shutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any

import lightning_fabric  # noqa: F401 (here and not once in each fork, as what follows)

import speech2code.stages.measure
import speech2code.stages.score
import speech2code.stages.train_baselines
from speech2code.builders import settings_class
from speech2code.config import MeasureConfig, SearchConfig, TacotronConfig, TrainerConfig
from speech2code.stages import machine
from tests.torture.tiny import Tiny, without_java
from tests.torture.trials import Trial, speech2code, told

MEMORY = 10**9  # bytes that the machine is taken to have, so that what is too large for most is too large here
BRIEF = "trainer.minutes=0.001"
SECTIONS = {  # section → kinds, stage
    "units": (("vqvae", "segmental", "kmeans"), "units"),
    "vocoder": (("inverter", "linear"), "vocoder"),
    "translator": (("lstm", "transformer"), "translator"),
    "recogniser": (("lstm",), "recogniser"),
    "topline_stt": (("transformer",), "topline_stt"),
}
OTHERS = {  # section → dataclass, stages
    "baseline": (TacotronConfig, ("baseline",)),
    "topline_tts": (TacotronConfig, ("topline_tts",)),
    "search": (SearchConfig, ("decoding",)),
    "measure": (MeasureConfig, ("quality",)),
    "trainer": (TrainerConfig, ("translator", "vocoder")),
}
VERBS = {
    "decoding": "decode",
    "quality": "measure",
    "scores": "score",
    "resynthesis": "resynthesise",
    "prepare": "prepare",
}
ODD = (  # stage, overrides
    ("units", "units=kmeans units.codebook_size=65536"),
    ("units", "units=kmeans units.target_unit_rate=50 units.codebook_size=1"),
    ("units", "units=segmental units.segment_codes=1"),
    ("units", "units=segmental units.segment_codes=8 units.codebook_size=8"),
    ("units", "units=segmental units.segment_codes=4 units.codebook_size=60000"), ("units", "units.codebook_size=1"),
    ("units", "units.codebook_size=65536 units.training.batch_size=1"),
    ("units", "units.vtlp=0.5 units.time_shift=100"),
    ("units", "units.training.steps=1 units.training.validations=1000"), ("units", "units.training.steps=null"),
    ("units", "units.training.steps=null units.training.epochs=1"),
    ("units", "units.training.learning_rate=1 units.commitment=100"),
    ("vocoder", "vocoder.training.steps=1 vocoder.training.batch_size=1"),
    ("vocoder", "vocoder=linear vocoder.context=100 vocoder.fft_size=2048"),
    ("vocoder", "vocoder.reduction_factor=3"),
    ("vocoder", "vocoder.reduction_factor=4 vocoder.fft_size=2048 vocoder.loss=l2"),
    ("vocoder", "vocoder=linear vocoder.training.learning_rate=1 vocoder.training.clip=1e6 vocoder.training.steps=40"),
    ("translator", "translator.subsampling=16 translator.time_masks=100 translator.time_mask=1000"),
    ("translator", "translator.coefficient_masks=100 translator.coefficient_mask=13 translator.time_shift=100"),
    ("translator", "translator=transformer translator.heads=2 translator.width=2"),
    ("translator", "translator.dropout=0.9"),
    ("translator", "translator=transformer translator.heads=256 translator.width=256"),
    ("translator", "translator.token_dropout=1"),
    ("translator", "translator.training.learning_rate=1 translator.training.warmup=1 translator.training.steps=60"),
    ("translator", "translator.training.batch_size=10000 translator.training.epochs=1"),
    ("translator", "trainer.precision=bf16-mixed"),
    ("translator", "trainer.precision=16-mixed"), ("translator", "trainer.accelerator=gpu"),
    ("translator", "trainer.accelerator=mps"),
    ("translator", "trainer.accelerator=auto"), ("translator", "trainer.devices=1024"),
    ("translator", "trainer.threads=64"),
    ("translator", "trainer.seed=4294967295 trainer.checkpoint_seconds=0"),
    ("translator", "translator.training.steps=null"),
    ("recogniser", "recogniser.tokens=char"), ("recogniser", "recogniser.tokens=bpe recogniser.vocabulary_size=2"),
    ("recogniser", "recogniser.tokens=bpe recogniser.vocabulary_size=65536"), ("recogniser", "recogniser=transformer"),
    ("baseline", "baseline.guided=true baseline.prenet_dropout=0.9"),
    ("baseline", "baseline.reduction_factor=12 baseline.fft_size=2048"),
    ("topline_tts", "topline_tts.guided=true topline_tts.width=8"), ("topline_tts", "topline_tts.training.steps=null"),
    ("decoding", "search.beam=500 search.length_penalty=10"), ("decoding", "search.beam=1 search.length_penalty=0"),
    ("decoding", "splits=[test]"), ("decoding", "splits=[test,test,dev]"), ("decoding", "trainer.jobs=1024"),
    ("resynthesis", "splits=[unseen,test]"), ("resynthesis", "trainer.threads=64"),
    ("quality", "measure.voices=[nobody]"), ("quality", "measure.voices=[espeak:xx]"),
    ("quality", "measure.voices=[flite:slt]"),
    ("quality", "corpus.phones=/nowhere"), ("quality", "corpus.phones=/dev/null"), ("quality", "corpus.phones=."),
    ("scores", "splits=[test]"), ("scores", "recognisers=[in_domain,in_domain]"),
    ("scores", "recognisers=[whisper] whisper.model=/nowhere"),
    ("scores", "recognisers=[pocketsphinx]"), ("scores", "baselines=[baseline]"), ("scores", "corpus.target=de"),
    ("prepare", "corpus.train=1"), ("prepare", "corpus.train=1000000000"), ("prepare", "corpus.max_rejected=0"),
    ("prepare", "corpus.source=x"),
    ("prepare", "corpus.source_voice=espeak:fr"), ("prepare", "corpus.top_words=1"),
    ("prepare", "corpus.max_words=1"), ("prepare", "donor=none"),
    ("prepare", "donor=tiny"), ("prepare", "donor=../../etc"), ("prepare", "corpus.name=new"),
    ("prepare", "corpus.name=new trainer.jobs=1024"),
    ("prepare", "corpus.name=new corpus.train=1"), ("prepare", "corpus.name=new corpus.max_rejected=0"),
    ("prepare", "corpus.name=a/b"),
    ("prepare", "corpus.name=new corpus.target=xx-yy"), ("prepare", "corpus.name=new corpus.target=und"),
    ("prepare", "corpus=phrasebook_fr_en corpus.train=4 corpus.dev=1 corpus.test=1 corpus.unseen=0"),
    ("prepare", "corpus.name=new corpus.source=de"), ("prepare", "corpus.kind=parallel_text corpus.name=new"),
    ("prepare", "corpus.path=null"),
    ("prepare", "corpus.name=new corpus.source_voice=nobody"), ("prepare", "corpus.name=new corpus.phones=/nowhere"),
)  # fmt: skip


def trials(tiny: Tiny) -> Iterator[Trial]:
    for section, (kinds, stage) in SECTIONS.items():
        for kind in kinds:
            for key, value in _at_limits(settings_class(section, kind), section):
                yield _trial(tiny, stage, f"{key}={value}", {section: kind})
    for section, (settings, stages) in OTHERS.items():
        for key, value in _at_limits(settings, section):
            for stage in stages:
                if key not in ("trainer.devices", "trainer.jobs") or value == 1:
                    yield _trial(tiny, stage, f"{key}={value}", {})
    for stage, overrides in ODD:
        kinds = dict(
            each.split("=") for each in overrides.split() if "." not in each and each.split("=")[0] in SECTIONS
        )
        yield _trial(tiny, stage, overrides, kinds)


def _at_limits(settings: type, prefix: str) -> Iterator[tuple[str, Any]]:
    for each in fields(settings):
        known = each.metadata
        if isinstance(each.type, type) and is_dataclass(each.type):
            yield from _at_limits(each.type, f"{prefix}.{each.name}")
        elif known.get("choices"):
            yield from ((f"{prefix}.{each.name}", value) for value in known["choices"])
        elif known.get("at_least") is not None:
            most, step = known["at_most"], known["multiple_of"] or 1
            least = -(-known["at_least"] // step) * step if step > 1 else known["at_least"]
            yield from ((f"{prefix}.{each.name}", value) for value in (least, most))


def _trial(tiny: Tiny, stage: str, overrides: str, kinds: dict[str, str]) -> Trial:
    told_kinds = " ".join(f"{section}={kind}" for section, kind in kinds.items())
    return Trial(f"{stage}: {told_kinds} {overrides}", partial(_worked, tiny, stage, overrides.split(), kinds))


def _worked(tiny: Tiny, stage: str, overrides: list[str], kinds: dict[str, str], folder: Path) -> str | None:
    machine.memory = lambda: MEMORY
    without_java()
    runs = Path(shutil.copytree(tiny.folder / "runs", folder / "runs"))
    shutil.rmtree(runs / "tiny" / stage, ignore_errors=True)
    (runs / "tiny" / "units.json").unlink(missing_ok=True)
    data = Path(shutil.copytree(tiny.folder / "data", folder / "data")) if stage == "prepare" else tiny.corpus.data
    brief = [BRIEF] if any(each.split("=")[1] in (str(10**9), "null") for each in overrides) else []
    given = tiny.corpus.overrides(runs, "recognisers=[in_domain]", f"data={data}", *brief, *overrides, **kinds)
    answer = speech2code(*VERBS.get(stage, f"train {stage}").split(), *given)
    return told(answer)
