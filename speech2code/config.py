"""Every setting once: type, default, unit and what it may be. `conf/` holds only what an experiment changes.

A section with several kinds (`units`, `vocoder`, `translator`) has one dataclass a kind; `builders.py` lists them.
"""

from dataclasses import dataclass, field
from typing import Any

from omegaconf import MISSING

BLOCK_STEPS = 8  # steps that a vocoder reads as one block where units last as long as their sound
# the largest that a number may be: beyond it lies a slip of the hand, not an experiment
WIDEST = 16_384  # channels
DEEPEST = 64  # layers or blocks
MOST = 10**9  # steps, pairs or passes
LARGEST_SEED = 2**32 - 1  # of what draws the random numbers


def setting(
    default: Any,
    help: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    multiple_of: int | None = None,
    choices: tuple = (),
) -> Any:
    """A field with its sentence for the documentation and the values that `compose` lets through. A number has both
    limits or choices: a test holds that."""
    metadata = {"help": help, "at_least": at_least, "at_most": at_most, "multiple_of": multiple_of, "choices": choices}
    if isinstance(default, list):
        return field(default_factory=lambda: list(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass
class CorpusConfig:
    """Where speech pairs come from."""

    name: str = setting(MISSING, "folder under `data/`")
    kind: str = setting(
        MISSING,
        "`phrasebook` (embedded), `parallel_text` (sentences for voices) or `manifest` (recordings)",
        choices=("phrasebook", "parallel_text", "manifest"),
    )
    path: str | None = setting(None, "the file of a manifest, the folder of parallel text")
    source: str = setting(MISSING, "source language, BCP 47, such as `fr` or `pt-BR`; `und`: unknown, or without a tag")
    target: str = setting(MISSING, "the same for the target: recognisers, normalisation and scores follow from it")
    source_voice: str | None = setting(None, "who speaks source text, such as `espeak:fr-fr`")
    target_voice: str | None = setting(None, "the same for the target; several share it: `flite:slt+flite:rms`")
    trimming: str = setting(
        "level",
        "what is cut off at both ends: by `level` what is 40 dB below the loudest sound, by `activity` all that is no "
        "speech (silero-vad), for recordings with noise",
        choices=("level", "activity"),
    )
    unseen_voices: str | None = setting(
        None,
        "source voices that training never meets, such as `mbrola:fr4+mbrola:fr6`: they share the sentences of test, "
        "as the split `voices`",
    )
    phones: str | None = setting(
        None, "recordings: folder of .TextGrid, .ctm or .phn with the phones of the target test speech, for `measure`"
    )
    train: int | None = setting(
        None, "training pairs; null: all there are (the phrasebook: 4,000)", at_least=1, at_most=MOST
    )
    dev: int = setting(250, "dev pairs of the phrasebook", at_least=1, at_most=MOST)
    test: int = setting(510, "test pairs of the phrasebook", at_least=1, at_most=MOST)
    unseen: int = setting(
        200, "phrasebook: second test list, combinations of words that training never saw", at_least=0, at_most=MOST
    )
    top_words: int | None = setting(
        None, "parallel text: only sentences of that many most frequent target words", at_least=1, at_most=MOST
    )
    max_words: int | None = setting(
        None, "parallel text: words of the longest target sentence", at_least=1, at_most=MOST
    )
    max_rejected: float = setting(0.1, "share of unusable pairs that stops the run", at_least=0, at_most=1)
    seed: int = setting(
        0, "draws the phrasebook's sentences and the subset of parallel text", at_least=0, at_most=LARGEST_SEED
    )


@dataclass
class TrainingConfig:
    """When a training ends, and how fast it goes. Whichever limit comes first; the learning rate falls to zero by
    then."""

    steps: int | None = setting(None, "updates of the weights", at_least=1, at_most=MOST)
    epochs: int | None = setting(None, "passes over the training pairs", at_least=1, at_most=MOST)
    batch_size: int = setting(16, "utterances", at_least=1, at_most=10_000)
    learning_rate: float = setting(2e-3, "at its highest, behind the warm-up", at_least=1e-8, at_most=1)
    warmup: int = setting(100, "steps in which the learning rate rises", at_least=1, at_most=MOST)
    clip: float = setting(1.0, "largest norm of the gradient", at_least=1e-3, at_most=1e6)
    weight_decay: float = setting(0.0, "of AdamW", at_least=0, at_most=1)
    validations: int = setting(4, "looks at dev in one training", at_least=1, at_most=1000)


def training(steps: int, **values: Any) -> Any:
    """A field with a TrainingConfig of its own."""
    return field(default_factory=lambda: TrainingConfig(steps=steps, **values))


@dataclass
class UnitsConfig:
    """What every unit encoder has."""

    kind: str = MISSING
    codebook_size: int = setting(128, "how many different units there are", at_least=1, at_most=65_536)


@dataclass
class CodebookConfig(UnitsConfig):
    """What both VQ-VAEs have."""

    code_dim: int = setting(64, "numbers in a code", at_least=1, at_most=4096)
    width: int = setting(256, "channels", at_least=1, at_most=WIDEST)
    blocks: int = setting(2, "residual blocks of the decoder at the unit rate", at_least=0, at_most=DEEPEST)
    commitment: float = setting(0.25, "γ of Eq. 4", at_least=0, at_most=100)
    ema_decay: float = setting(0.99, "of the codebook's moving averages", at_least=0, at_most=0.99999)
    time_shift: int = setting(
        0, "augmentation: frames by which the encoder's input moves at random, either way", at_least=0, at_most=100
    )
    vtlp: float = setting(
        0.0, "augmentation: the encoder's frequency axis is warped by e to up to ± this", at_least=0, at_most=0.5
    )


@dataclass
class VqVaeConfig(CodebookConfig):
    """The paper's units: each lasts `time_reduction` frames."""

    kind: str = "vqvae"
    time_reduction: int = setting(8, "frames of 10 ms in a unit", choices=(1, 2, 4, 8, 12))
    # units that do not depend on where a sound begins are easier to translate into
    time_shift: int = setting(
        2, "augmentation: frames by which the encoder's input moves at random, either way", at_least=0, at_most=100
    )
    training: TrainingConfig = training(2600)


@dataclass
class SegmentalConfig(CodebookConfig):
    """Units that last as long as their sound."""

    kind: str = "segmental"
    # beyond 50 a second to change would be likelier than to stay
    target_unit_rate: float = setting(14.0, "units a second", at_least=1, at_most=50)
    segment_codes: int = setting(
        0, "codes that only segment speech, into codebook_size clusters; 0: codes are units", at_least=0, at_most=65_536
    )
    bigram_rounds: int = setting(
        3, "rounds in which the trained codebook learns which unit follows which; 0: no prior", at_least=0, at_most=100
    )
    training: TrainingConfig = training(1500)


@dataclass
class KMeansConfig(UnitsConfig):
    """k-means on MFCC: the floor that a trained encoder must beat."""

    kind: str = "kmeans"
    time_reduction: int = setting(8, "frames of 10 ms in a unit", choices=(1, 2, 4, 8, 12))
    target_unit_rate: float | None = setting(
        None, "units a second, each as long as its sound; null: each lasts time_reduction", at_least=1, at_most=50
    )
    path_rounds: int = setting(
        0, "of units as long as their sound: rounds in which centres move to what lasts", at_least=0, at_most=100
    )
    bigram_rounds: int = setting(
        3,
        "of units as long as their sound: rounds that learn which follows which; 0: no prior",
        at_least=0,
        at_most=100,
    )


@dataclass
class NaturalUnitsConfig(KMeansConfig):
    """What both kinds for natural speech have: many units, each as long as its sound."""

    codebook_size: int = setting(512, "how many different units there are", at_least=1, at_most=65_536)
    target_unit_rate: float | None = setting(
        12.0, "units a second, each as long as its sound; null: each lasts time_reduction", at_least=1, at_most=50
    )
    path_rounds: int = setting(2, "rounds in which centres move to what lasts", at_least=0, at_most=100)
    # usual pairs pull rare words towards them: units of natural speech then tell phones apart worse (docs/lab-notes.md)
    bigram_rounds: int = setting(0, "rounds that learn which unit follows which; 0: no prior", at_least=0, at_most=100)


@dataclass
class DiscriminantConfig(NaturalUnitsConfig):
    """k-means on linear discriminants of sounds, for natural speech."""

    kind: str = "discriminant"
    code_dim: int = setting(40, "discriminants, numbers in a code", at_least=1, at_most=4096)
    context: int = setting(5, "frames on either side that the discriminants see", at_least=0, at_most=100)


@dataclass
class MaskedConfig(NaturalUnitsConfig):
    """k-means on what a network has learnt by guessing hidden speech, for natural speech."""

    kind: str = "masked"
    code_dim: int = setting(48, "numbers in a code", at_least=1, at_most=4096)
    sounds: int = setting(512, "discriminant units that the network guesses", at_least=2, at_most=65_536)
    sound_rate: float = setting(10.7, "of these, a second", at_least=1, at_most=50)
    hidden: float = setting(0.55, "share of the speech that is hidden in training", at_least=0.01, at_most=0.99)
    width: int = setting(192, "of its LSTMs, each direction", at_least=1, at_most=WIDEST)
    layers: int = setting(3, "LSTMs", at_least=1, at_most=DEEPEST)
    layer: int = setting(2, "the one that is clustered, counted from 1", at_least=1, at_most=DEEPEST)
    dropout: float = setting(0.1, "share of activations", at_least=0, at_most=0.9)
    vtlp: float = setting(
        0.15, "augmentation: the frequency axis is warped by e to up to ± this", at_least=0, at_most=0.5
    )
    training: TrainingConfig = training(3000, learning_rate=1.5e-3, warmup=200, weight_decay=0.01)


@dataclass
class VocoderConfig:
    """What every vocoder has that draws a spectrogram for Griffin-Lim."""

    kind: str = MISSING
    fft_size: int = setting(
        512, "points: 512 (257 bins, nothing lost) to 2048 (the paper's)", choices=(512, 1024, 2048)
    )
    loss: str = setting(
        "mel_huber",
        "`l2` (Eq. 10) or `mel_huber`: bins count as the mel scale is dense, large errors are not squared",
        choices=("l2", "mel_huber"),
    )
    iterations: int = setting(30, "of Griffin-Lim", at_least=1, at_most=1000)
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass
class InverterConfig(VocoderConfig):
    """The paper's codebook inverter."""

    kind: str = "inverter"
    width: int = setting(256, "channels at the unit rate", at_least=4, at_most=WIDEST, multiple_of=2)
    frame_width: int = setting(192, "channels behind the expansion", at_least=4, at_most=WIDEST)
    reduction_factor: int = setting(
        4, "frames that one of its steps predicts; divides the frames it reads", at_least=1, at_most=12
    )
    blocks: int = setting(2, "multi-scale residual blocks on either side of the BiLSTM", at_least=0, at_most=DEEPEST)
    lstm_layers: int = setting(2, "of the BiLSTM", at_least=1, at_most=DEEPEST)
    # so few steps, for what the unit encoder rebuilds need not be learnt again
    training: TrainingConfig = training(1200, batch_size=8, learning_rate=4e-3)


@dataclass
class LinearConfig(VocoderConfig):
    """One linear layer over a step and its neighbours: the floor that a vocoder must beat."""

    kind: str = "linear"
    context: int = setting(1, "steps on either side that it sees", at_least=0, at_most=100)
    training: TrainingConfig = training(1200, batch_size=8)


@dataclass
class Seq2SeqConfig:
    """What every network from speech to tokens has, as translator, recogniser or speech-to-text topline."""

    kind: str = MISSING
    subsampling: int = setting(8, "frames that the encoder makes one state of", choices=(1, 2, 4, 8, 16))
    conv_width: int = setting(256, "channels behind the last strided convolution", at_least=1, at_most=WIDEST)
    dropout: float = setting(0.0, "share of activations", at_least=0, at_most=0.9)
    token_dropout: float = setting(
        0.4, "share of the decoder's input tokens hidden at first, falling linearly to 0", at_least=0, at_most=1
    )
    label_smoothing: float = setting(0.1, "of the cross-entropy", at_least=0, at_most=0.9)
    time_shift: int = setting(
        0, "augmentation: frames by which the encoder's input moves at random, either way", at_least=0, at_most=100
    )
    speed: float = setting(
        0.0,
        "augmentation: the tempo is e to up to ± this, and within a sentence it varies as much again",
        at_least=0,
        at_most=0.5,
    )
    vtlp: float = setting(
        0.0, "augmentation: the frequency axis is warped by e to up to ± this", at_least=0, at_most=0.5
    )
    noise: float | None = setting(
        None,
        "augmentation: noise at least so many dB below the speech, and up to 40; null: none",
        at_least=-20,
        at_most=40,
    )
    echo: float = setting(0.0, "augmentation: share of the sentences that sound in a room", at_least=0, at_most=1)
    telephone: float = setting(
        0.0, "augmentation: share of the sentences that a telephone carries", at_least=0, at_most=1
    )
    normalisation: str = setting(
        "corpus",
        "features have mean 0 and deviation 1 over the `corpus` or over each `utterance`, so that a microphone moves "
        "them little",
        choices=("corpus", "utterance"),
    )
    time_masks: int = setting(0, "SpecAugment: masks over time", at_least=0, at_most=100)
    time_mask: int = setting(20, "frames of a mask, at most", at_least=0, at_most=1000)
    coefficient_masks: int = setting(0, "SpecAugment: masks over MFCC coefficients", at_least=0, at_most=100)
    coefficient_mask: int = setting(3, "coefficients of a mask, at most", at_least=0, at_most=13)
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass
class LstmConfig(Seq2SeqConfig):
    """The paper's attention sequence-to-sequence network."""

    kind: str = "lstm"
    attention: str = setting("mlp_history", "score of the attention", choices=("dot", "mlp", "mlp_history"))
    encoder_width: int = setting(192, "each direction of the BiLSTM", at_least=1, at_most=WIDEST)
    encoder_layers: int = setting(1, "of the BiLSTM; one learns sooner than two", at_least=1, at_most=DEEPEST)
    decoder_width: int = setting(256, "of the LSTM", at_least=1, at_most=WIDEST)
    embedding_dim: int = setting(64, "of a token", at_least=1, at_most=WIDEST)
    attention_size: int = setting(128, "of keys and queries", at_least=1, at_most=WIDEST)
    training: TrainingConfig = training(1200, learning_rate=3e-3)


@dataclass
class TransformerConfig(Seq2SeqConfig):
    """A Transformer encoder and decoder."""

    kind: str = "transformer"
    width: int = setting(192, "of the model; a multiple of `heads`", at_least=2, at_most=WIDEST, multiple_of=2)
    heads: int = setting(4, "of the attention", at_least=1, at_most=256)
    feed_forward: int = setting(384, "inner width of the feed-forward layers", at_least=1, at_most=WIDEST)
    encoder_layers: int = setting(3, "of the encoder", at_least=1, at_most=DEEPEST)
    decoder_layers: int = setting(2, "of the decoder", at_least=1, at_most=DEEPEST)
    training: TrainingConfig = training(1500, warmup=200)


@dataclass
class RecogniserConfig(Seq2SeqConfig):
    """What the in-domain recogniser has beside the settings of its network."""

    tokens: str = setting(
        "word",
        "what it writes: `word` (the paper's; only those of the training text), `char` or `bpe`",
        choices=("word", "char", "bpe"),
    )
    vocabulary_size: int = setting(
        500, "of `tokens=bpe`: byte pairs and single characters, at most", at_least=2, at_most=65_536
    )


@dataclass
class WhisperConfig:
    """Whisper as recogniser, by faster-whisper: `pip install 'speech2code[whisper]'`."""

    model: str | None = setting(None, "folder of a model in CTranslate2's format, or its id on the Hugging Face hub")
    compute_type: str = setting("int8", "CTranslate2's: `int8`, `float32`; on a GPU also `float16`")
    beam: int = setting(5, "hypotheses kept; 1: greedy", at_least=1, at_most=500)
    window: int = setting(
        30,
        "seconds that it reads at once, silence behind the speech; 30 as it was trained, fewer take less time and may "
        "read otherwise; speech that is longer is read in 30",
        at_least=1,
        at_most=30,
    )
    batch_size: int = setting(
        8, "utterances read together: faster on a GPU, not on a CPU; changes no transcript", at_least=1, at_most=10_000
    )


@dataclass
class PretrainedConfig:
    """Cascades of pretrained models, by transformers: `pip install 'speech2code[pretrained]'`. Each model is a folder
    or an id on the Hugging Face hub, with weights as safetensors."""

    translation: str | None = setting(None, "translates text: a Marian, M2M100 or NLLB model")
    source_code: str | None = setting(
        None, "its own code of the source language, such as `fra_Latn` of NLLB; null: as corpus.source begins"
    )
    target_code: str | None = setting(None, "the same for the target")
    text_to_speech: str | None = setting(None, "speaks corpus.target: a SpeechT5 or a VITS model, such as those of MMS")
    vocoder: str | None = setting(None, "SpeechT5: its HiFi-GAN")
    speaker: str | None = setting(None, "SpeechT5: who speaks, a file .npy with an x-vector")


@dataclass
class TacotronConfig:
    """Tacotron: the paper's baseline, and its TTS topline."""

    width: int = setting(256, "channels", at_least=8, at_most=WIDEST, multiple_of=2)
    reduction_factor: int = setting(4, "frames that one step of the decoder predicts", at_least=1, at_most=12)
    fft_size: int = setting(512, "points of the predicted spectrum", choices=(512, 1024, 2048))
    prenet_dropout: float = setting(
        0.5, "share of the pre-net's activations, in training and at synthesis", at_least=0, at_most=0.9
    )
    guided: bool = setting(False, "attention is drawn to the diagonal: right for text, wrong for translation")
    iterations: int = setting(30, "of Griffin-Lim", at_least=1, at_most=1000)
    training: TrainingConfig = training(900, batch_size=8)


@dataclass
class SearchConfig:
    """Beam search."""

    beam: int = setting(5, "hypotheses kept; 1: greedy", at_least=1, at_most=500)
    length_penalty: float = setting(1.0, "score = log-probability / length ** length_penalty", at_least=0, at_most=10)


@dataclass
class MeasureConfig:
    """What `measure` needs more than the speech itself for."""

    voices: list[str] = setting([], "voices that say the test sentences too, such as `[flite:rms, flite:awb]`")
    naturalness: bool = setting(
        False, "guess the mean opinion score that listeners would give (DistillMOS, extra `naturalness`)"
    )


@dataclass
class TrainerConfig:
    """The machine, and the seed."""

    minutes: float | None = setting(
        None,
        "budget of one training in processor minutes, all its threads together: other jobs take nothing from it; on an "
        "accelerator, minutes of the clock",
        at_least=1e-4,
        at_most=1e6,
    )
    seed: int = setting(0, "of weights, batches and augmentation", at_least=0, at_most=LARGEST_SEED)
    accelerator: str = setting("auto", "Lightning Fabric's", choices=("auto", "cpu", "gpu", "cuda", "mps"))
    devices: int = setting(1, "accelerators", at_least=1, at_most=1024)
    precision: str = setting(
        "32-true",
        "Lightning Fabric's; weights and codes are float32 in each",
        choices=("32-true", "bf16-mixed", "16-mixed"),
    )
    threads: int = setting(
        1, "compute threads of a stage; two collapse when anything else uses a core", at_least=1, at_most=1024
    )
    jobs: int = setting(2, "stages side by side", at_least=1, at_most=1024)
    tracker: str | None = setting(
        None, "where curves go beside TensorBoard: the package `trackio` or `wandb`", choices=(None, "trackio", "wandb")
    )
    checkpoint_seconds: float = setting(60.0, "between two checkpoints", at_least=0, at_most=86_400)


@dataclass
class Config:
    """One experiment."""

    name: str = setting(MISSING, "folder under `runs/`")
    data: str = setting("data", "folder of prepared corpora")
    runs: str = setting("runs", "folder of runs")
    donor: str | None = setting(None, "a run with the same target speech: its units, vocoder, recogniser are reused")
    start: str | None = setting(
        None,
        "a run of the same kinds and sizes: its units, and vocoder and translator if it has them, are where these "
        "trainings begin",
    )
    splits: list[str] = setting(
        ["dev", "test", "unseen", "voices"],
        "what is decoded and judged, where the corpus has it: systems are chosen on dev, reported on test",
    )
    recognisers: list[str] = setting(
        ["in_domain", "pocketsphinx"],
        "who transcribes what is judged: the first reads all `splits` and chooses among systems, the others read test "
        "and voices",
    )
    baselines: list[str] = setting(
        ["baseline", "topline", "topline_tuned", "topline_voice"],
        "what a sweep and `speech2code baselines` compare with; `[]`: nothing, where time is short",
    )
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    units: UnitsConfig = MISSING
    vocoder: VocoderConfig = MISSING
    translator: Seq2SeqConfig = MISSING
    recogniser: RecogniserConfig = MISSING
    baseline: TacotronConfig = field(default_factory=TacotronConfig)
    topline_stt: Seq2SeqConfig = MISSING
    topline_tts: TacotronConfig = field(default_factory=TacotronConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    whisper: WhisperConfig = field(default_factory=WhisperConfig)
    pretrained: PretrainedConfig = field(default_factory=PretrainedConfig)
    measure: MeasureConfig = field(default_factory=MeasureConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
