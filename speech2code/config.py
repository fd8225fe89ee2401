"""Every setting once: its type and its unit. The values are in conf/."""

from dataclasses import dataclass, field

from omegaconf import MISSING

TOGETHER = 8  # steps that the inverter reads at once where units have lengths of their own


@dataclass
class CorpusConfig:
    """Where speech pairs come from. `kind`: phrasebook (embedded), parallel_text (sentences for voices), manifest
    (recordings)."""

    name: str = MISSING  # folder under data/
    kind: str = MISSING
    path: str | None = None  # manifest: the file; parallel_text: the folder
    source: str = MISSING  # language, ISO 639-1
    target: str = MISSING
    source_voice: str | None = None  # e.g. espeak:fr-fr; not used by a manifest
    target_voice: str | None = None  # several share the sentences: flite:slt+flite:rms
    core: bool = True  # phrasebook: only its core patterns
    train: int | None = None  # pairs; None: all there are
    dev: int = 250
    test: int = 510
    unseen: int = 200  # phrasebook: second test list, pattern-slot combinations that training never saw
    top_words: int | None = None  # parallel_text: only sentences of the most frequent target words
    max_words: int | None = None  # parallel_text: longest target sentence, words
    max_rejected: float = 0.1  # share of bad items that stops the run
    seed: int = 0


@dataclass
class TrainingConfig:
    """When a training ends, and how fast it goes. Whichever limit comes first; the learning rate falls to zero by
    then."""

    steps: int | None = None
    epochs: int | None = None
    batch_size: int = 32
    learning_rate: float = 1e-3
    warmup: int = 100  # steps
    clip: float = 1.0  # norm of the gradient
    weight_decay: float = 0.0
    validations: int = 10  # a training


@dataclass
class UnitsConfig:
    codebook_size: int = 64
    time_reduction: int = 8  # frames a unit: 1, 2, 4, 8 or 12
    # units a second, each as long as its sound lasts (time_reduction is then 1); null: each lasts time_reduction frames
    rate: float | None = None
    segment_codes: int = 0  # codes that only cut speech into segments, for codebook_size means to name; 0: codes name
    settle: int = 3  # times that they learn, once trained, which unit follows which; 0: any change costs alike
    code_dim: int = 64
    width: int = 128  # channels
    blocks: int = 2  # residual blocks of the decoder at the unit rate
    commitment: float = 0.25  # γ of Eq. 4
    ema_decay: float = 0.99
    jitter: int = 0  # frames by which the encoder's input is moved at random, either way, while training
    warp: float = 0.0  # while training, the encoder hears a frequency axis warped by e to up to ± this
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass
class InverterConfig:
    width: int = 256  # channels at the unit rate
    frame_width: int = 128  # channels behind the expansion
    frames_at_once: int = 1  # frames that one of its steps predicts; a divisor of the time reduction
    blocks: int = 2
    lstm_layers: int = 2
    fft_size: int = 2048  # points of the predicted spectrum: 2048 (1025 bins, the paper's) or 512 (257, nothing lost)
    target_scale: str = "log"  # log | linear
    loss: str = "l2"  # l2 (Eq. 10) | mel_huber: bins count as the mel scale is dense, large errors not squared
    iterations: int = 60  # of Griffin-Lim
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass
class Seq2SeqConfig:
    """The attention sequence-to-sequence network, as translator and as recogniser."""

    attention: str = "mlp_history"  # dot | mlp | mlp_history
    subsampling: int = 8  # of the encoder, a power of two
    conv_width: int = 256
    encoder_width: int = 256  # each direction
    encoder_layers: int = 2
    decoder_width: int = 256
    embedding_dim: int = 64
    attention_size: int = 128
    dropout: float = 0.1
    token_dropout: float = 0.0  # share of the decoder's input tokens hidden as training begins, falling linearly to 0
    label_smoothing: float = 0.1
    jitter: int = 0  # frames by which the encoder's input is moved at random, either way, while training
    time_masks: int = 2  # SpecAugment
    time_mask: int = 20  # frames at most, each
    coefficient_masks: int = 1
    coefficient_mask: int = 3  # coefficients at most, each
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass
class TacotronConfig:
    """The paper's baseline, and the voice of its topline."""

    width: int = 256
    frames_at_once: int = 4  # frames that one step of the decoder writes
    fft_size: int = 512
    guided: bool = False  # attention is drawn to the diagonal: right for text, wrong for translation
    iterations: int = 30  # of Griffin-Lim
    training: TrainingConfig = field(default_factory=TrainingConfig)


@dataclass
class SearchConfig:
    beam: int = 5
    length_penalty: float = 1.0  # score = log-probability / length ** length_penalty


@dataclass
class QualityConfig:
    """What `units` compares the corpus's target voice with."""

    voices: list[str] = field(default_factory=list)  # that say the test sentences too, e.g. [flite:rms, flite:awb]


@dataclass
class TrainerConfig:
    minutes: float | None = None  # time budget of one stage
    seed: int = 0
    accelerator: str = "auto"
    devices: int = 1
    precision: str = "32-true"
    threads: int = 1  # compute threads of one stage; two collapse as soon as anything else uses a core
    jobs: int = 2  # stages and voices side by side
    checkpoint_seconds: float = 60.0


@dataclass
class Config:
    name: str = MISSING  # folder under runs/
    data: str = "data"
    runs: str = "runs"
    target_from: str | None = None  # a run with the same target speech: what that has learnt of it is used
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    units: UnitsConfig = field(default_factory=UnitsConfig)
    inverter: InverterConfig = field(default_factory=InverterConfig)
    translator: Seq2SeqConfig = field(default_factory=Seq2SeqConfig)
    recogniser: Seq2SeqConfig = field(default_factory=Seq2SeqConfig)
    baseline: TacotronConfig = field(default_factory=TacotronConfig)
    speller: Seq2SeqConfig = field(default_factory=Seq2SeqConfig)
    voice: TacotronConfig = field(default_factory=TacotronConfig)
    search: SearchConfig = field(default_factory=SearchConfig)
    quality: QualityConfig = field(default_factory=QualityConfig)
    trainer: TrainerConfig = field(default_factory=TrainerConfig)
