"""Every stage and every judged row, declared once: order of work, help, folders, resume, reuse, sweep and report are
made from here. Knows names only, and imports nothing heavy."""

from typing import NamedTuple

from speech2code.builders import RECOGNISERS
from speech2code.errors import UserError

RUN, MEASURE, BASELINES = "run", "measure", "baselines"  # what a stage belongs to
TRANSLATE, TRANSCRIBE = "translate", "transcribe"  # what Whisper does first in a cascade of pretrained models


class Row(NamedTuple):
    """One row of waveforms that recognisers read and scores judge, in every split that is judged."""

    name: str
    title: str
    made_by: str | None  # the stage that leaves its waveforms; None: the corpus itself
    trained: tuple[str, ...] = ()  # the stages whose seconds it cost
    group: str = RUN
    voiced: bool = False  # only where the corpus has a voice, which speaks it
    cascade: str = ""  # of pretrained models: TRANSLATE into English; or TRANSCRIBE, and a model of text translates

    @property
    def folder(self) -> str:
        """Where its waveforms are in a run, one folder a split; of the original, those that `decode` keeps."""
        if self.made_by is None or self.group == BASELINES:
            return f"{self.made_by or 'decoding'}/{self.name}"
        return self.made_by


ROWS = (
    Row("original", "original target speech", None),
    Row("resynthesis", "resynthesis (true units)", "resynthesis"),
    Row("translation", "translation", "decoding", ("units", "vocoder", "translator")),
    Row("baseline", "baseline (Tacotron)", "baselines", ("baseline",), BASELINES),
    Row("topline", "topline (had transcripts)", "baselines", ("topline_stt", "topline_tts"), BASELINES),
    Row(
        "topline_tuned", "topline, text by the experiment's translator", "baselines",
        ("topline_stt_tuned", "topline_tts"), BASELINES,
    ),
    Row(
        "topline_voice", "topline, spoken by the corpus's voice", "baselines", ("topline_stt",), BASELINES, voiced=True,
    ),
    Row(
        "whisper_voice", "Whisper translates, the corpus's voice speaks", "baselines", (), BASELINES,
        voiced=True, cascade=TRANSLATE,
    ),
    Row(
        "whisper_tts", "Whisper translates, a pretrained voice speaks", "baselines", (), BASELINES, cascade=TRANSLATE,
    ),
    Row(
        "cascade_voice", "Whisper and text translation, the corpus's voice", "baselines", (), BASELINES,
        voiced=True, cascade=TRANSCRIBE,
    ),
    Row(
        "cascade_tts", "Whisper and text translation, a pretrained voice", "baselines", (), BASELINES,
        cascade=TRANSCRIBE,
    ),
)  # fmt: skip


class Stage(NamedTuple):
    """One step of an experiment, resumable."""

    name: str  # its folder in the run
    verb: str  # speech2code VERB
    call: str  # "module:function" of speech2code.stages, which gets the config
    help: str
    needs: tuple[str, ...] = ()
    target_only: bool = False  # knows nothing of the source speech
    text: bool = False  # a corpus without text skips it
    learns: bool = False  # from text: that of train and dev
    derived: bool = False  # takes seconds: made anew where what it is made of has changed
    group: str = RUN
    background: bool = False  # runs one at a time, on what the others leave of the cores
    row: str = ""  # of transcripts: what is read, and by whom
    recogniser: str = ""
    look: str = ""  # at what, once it is done


def _transcripts(group: str) -> list[Stage]:
    """One stage for each row of this group and each recogniser that reads it."""
    return [
        Stage(
            f"transcripts/{row.name}.{name}",
            f"transcribe {row.name} {name}",
            "transcribe:transcribe",
            f"{row.title}, read by {name}",
            (*((row.made_by,) if row.made_by else ()), *judge.needs),
            target_only=row.made_by in (None, "resynthesis"),
            text=True,
            group=group,
            background=judge.background,
            row=row.name,
            recogniser=name,
        )
        for row in ROWS
        if row.group == group
        for name, judge in RECOGNISERS.items()
    ]


def _names(stages: list[Stage]) -> tuple[str, ...]:
    return tuple(each.name for each in stages)


ORIGINAL_READ = _names([each for each in _transcripts(RUN) if each.row == ROWS[0].name])  # what makes a ceiling
# in the order in which free cores take them
STAGES: tuple[Stage, ...] = (
    Stage("prepare", "prepare", "prepare:prepare", "speech pairs → features, in data/<corpus>/",
          look="corpus.json there (pairs, hours of speech) and rejected.csv (what could not be used, and why)"),
    Stage(
        "units", "train units", "train:units", "target speech → units", target_only=True,
        look="`tensorboard --logdir runs/<name>`: the perplexity says how many codes do the work; a few are too few",
    ),
    Stage(
        "recogniser", "train recogniser", "train:recogniser", "the in-domain recogniser, trained on transcripts",
        target_only=True, text=True, learns=True,
        look="its accuracy on dev: what it cannot read in original speech, it cannot read in a translation either",
    ),
    Stage(
        "vocoder", "train vocoder", "train:vocoder", "units → speech", ("units",), target_only=True,
        look="its loss on dev in TensorBoard: it should still fall slowly at the end",
    ),
    Stage(
        "translator", "train translator", "train:translator", "source speech → units", ("units",),
        look="the alignment in TensorBoard: a path from corner to corner means that it listens to the source",
    ),
    Stage(
        "resynthesis", "resynthesise", "decode:resynthesise", "true units → speech: the most that a translation can be",
        ("vocoder",), target_only=True, look="test/*.wav there: no translation can sound better",
    ),
    Stage(
        "decoding", "decode", "decode:decode", "exports the model, translates dev and test sentences",
        ("vocoder", "translator"), look="test/*.wav there; runs/<name>/model is the whole system",
    ),
    *_transcripts(RUN),
    Stage(
        "scores", "score", "score:score", "BLEU, chrF, METEOR, WER, CER with intervals → scores.json",
        ("decoding", "resynthesis", *_names(_transcripts(RUN))), text=True, derived=True,
        look="the rows of scores.json together: a score means little without its ceiling, the original speech",
    ),
    Stage(
        "quality", "measure", "measure:measure", "judges without text: ABX, bitrate, unit BLEU, … → units.json",
        ("units", "resynthesis", "decoding"), target_only=True, group=MEASURE,
        look="units.json: what a unit says of the phone behind it, and what it costs",
    ),
    Stage(
        "topline_tts", "train topline_tts", "train_baselines:topline_tts", "characters → target speech",
        target_only=True, text=True, learns=True, group=BASELINES,
    ),
    Stage(
        "baseline", "train baseline", "train_baselines:baseline", "source speech → target speech without units",
        text=True, group=BASELINES,
    ),
    Stage(
        "topline_stt", "train topline_stt", "train_baselines:topline_stt", "source speech → characters",
        text=True, learns=True, group=BASELINES,
    ),
    Stage(
        "topline_stt_tuned", "train topline_stt_tuned", "train_baselines:topline_stt_tuned",
        "the same with the translator's settings", text=True, learns=True, group=BASELINES,
    ),
    Stage(
        "baselines", "decode baselines", "baselines:decode", "baseline and topline speak the same sentences",
        ("baseline", "topline_stt", "topline_stt_tuned", "topline_tts"), text=True, group=BASELINES,
    ),
    *_transcripts(BASELINES),
    Stage(
        "baseline_scores", "score baselines", "score:score_baselines", "the same scores for them",
        (*_names(_transcripts(BASELINES)), *ORIGINAL_READ),
        text=True, derived=True, group=BASELINES,
    ),
    Stage("report", "report", "report:report", "one page with everything → report.html", ("scores", "quality"),
          look="the page: it opens anywhere"),
)  # fmt: skip
BY_NAME = {stage.name: stage for stage in STAGES}
ROW = {row.name: row for row in ROWS}


def stages_of(*groups: str) -> tuple[str, ...]:
    """Names of the stages of some groups, `prepare` apart, in order."""
    return tuple(stage.name for stage in STAGES if stage.group in groups and stage.name != "prepare")


def target_stages() -> tuple[str, ...]:
    """The stages that know nothing of the source speech: another pair with the same target speech may reuse them."""
    return tuple(stage.name for stage in STAGES if stage.target_only)


def shared_stages() -> tuple[str, ...]:
    """The stages that depend on no unit: all cells of a sweep may reuse them."""
    return tuple(name for name in stages_of(RUN, BASELINES) if name != "report" and "units" not in ancestors(name))


def spared_stages(chosen: list[str]) -> set[str]:
    """The stages of baselines and toplines that none of the `chosen` rows needs."""
    rows = [row for row in ROWS if row.group == BASELINES]
    if not chosen:
        return set(stages_of(BASELINES))
    needed = {name for row in rows if row.name in chosen for name in row.trained}
    spared = {name for row in rows for name in row.trained} - needed
    return spared | {stage.name for stage in STAGES if stage.group == BASELINES and stage.row not in ("", *chosen)}


def learn_from_text(stages: tuple[str, ...]) -> bool:
    """Whether any of these stages is a training that reads text."""
    return any(BY_NAME[name].learns for name in stages)


def judging_stages() -> tuple[str, ...]:
    """The recogniser and what is read of the original: no training but the recogniser's own changes them."""
    return "recogniser", *ORIGINAL_READ


def ancestors(name: str) -> set[str]:
    """The stage and all that it needs, however far back."""
    return {name}.union(*(ancestors(each) for each in BY_NAME[name].needs))


def descendants(name: str) -> list[str]:
    """The stages that need this one, however far behind; all need the prepared corpus."""
    return [each for each in BY_NAME if each != name and (name == "prepare" or name in ancestors(each))]


def stages_for(words: list[str]) -> list[Stage]:
    """What a user typed before the overrides → the stages meant: "train units" is one, "transcribe" several.

    UserError names what could follow."""
    exact = [stage for stage in STAGES if stage.verb.split() == words]
    ours = [stage for stage in STAGES if stage.group != BASELINES]
    meant = exact or [stage for stage in ours if stage.verb.split()[: len(words)] == words]
    if meant and (exact or words[0] != "train"):
        return meant
    rest = sorted({" ".join(stage.verb.split()[1:]) for stage in STAGES if stage.verb.split()[0] == words[0]} - {""})
    what = " ".join(words[1:])
    raise UserError(
        (f"{words[0]} knows no {what}; " if what else f"{words[0]} what? ")
        + f"say speech2code {words[0]} and one of: {', '.join(rest)}"
    )
