"""A tiny Whisper with random weights, in CTranslate2's format."""

from pathlib import Path
from string import ascii_lowercase

import numpy as np

WIDTH, MELS = 16, 80
ENGLISH, MULTILINGUAL = 256, 50257  # tokens of text
LANGUAGES = ("en", "fr", "no", "zh")
SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", *(f"<|{each}|>" for each in LANGUAGES), "<|translate|>", "<|transcribe|>",
    "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>",
)  # fmt: skip


def save_tiny(folder: Path, nobody: float = 0.0, text: int = MULTILINGUAL) -> Path:
    """A model that writes letters and times at random, yet the same ones for the same sound. `nobody`: how sure it is
    that nobody speaks; `text`: its tokens of text."""
    from ctranslate2.specs.whisper_spec import WhisperSpec
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    folder.mkdir()
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    names = [*letters, *(f"x{index}" for index in range(text - len(letters)))]
    if text == MULTILINGUAL:
        names[-1] = ""  # CTranslate2 knows a multilingual model by this token, or by 51,865 tokens and more
    tokenizer = Tokenizer(models.BPE({name: index for index, name in enumerate(names)}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(False), decoders.ByteLevel()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.save(str(folder / "tokenizer.json"))
    names += [*SPECIAL, *(f"<|{index * 0.02:.2f}|>" for index in range(1501 + 95))]

    spec, chance = WhisperSpec(1, 2, 1, 2), np.random.default_rng(0)
    for name, shape in shapes(len(names)).items():
        part = spec
        *path, last = name.split(".")
        for step in path:
            part = part[int(step)] if step.isdigit() else getattr(part, step)
        values = chance.normal(0, 0.5, shape) if len(shape) > 1 else np.full(shape, float(last == "gamma"))
        setattr(part, last, values.astype(np.float32))
    spec.decoder.projection.bias[:text] = [4 if name in set(ascii_lowercase) else -30 for name in names[:text]]
    spec.decoder.projection.bias[names.index("<|nospeech|>")] = nobody
    spec.register_vocabulary(names)
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [names.index("<|endoftext|>")]
    spec.config.lang_ids = [names.index(f"<|{each}|>") for each in LANGUAGES]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    spec.save(str(folder))
    return folder


def shapes(vocabulary: int) -> dict[str, tuple[int, ...]]:
    """Every weight of one layer of encoder and decoder."""
    found = {f"encoder.conv{n}.weight": (WIDTH, size, 3) for n, size in ((1, MELS), (2, WIDTH))}
    found |= {f"encoder.conv{n}.bias": (WIDTH,) for n in (1, 2)}
    found |= {
        "encoder.position_encodings.encodings": (1500, WIDTH),
        "decoder.position_encodings.encodings": (448, WIDTH),
    }
    found |= {"decoder.embeddings.weight": (vocabulary, WIDTH)}
    linear = {"decoder.projection": (vocabulary, WIDTH)}
    for layer, attentions in (
        ("encoder.layer.0", ("self_attention",)),
        ("decoder.layer.0", ("self_attention", "attention")),
    ):
        linear |= {f"{layer}.ffn.linear_0": (2 * WIDTH, WIDTH), f"{layer}.ffn.linear_1": (WIDTH, 2 * WIDTH)}
        for each in attentions:
            sizes = (3, 1) if each == "self_attention" else (1, 2, 1)
            linear |= {f"{layer}.{each}.linear.{n}": (size * WIDTH, WIDTH) for n, size in enumerate(sizes)}
        norms = [f"{layer}.{each}.layer_norm" for each in (*attentions, "ffn")] + [layer.split(".")[0] + ".layer_norm"]
        found |= {f"{norm}.{part}": (WIDTH,) for norm in norms for part in ("gamma", "beta")}
    found |= {f"{name}.weight": shape for name, shape in linear.items()}
    return found | {f"{name}.bias": shape[:1] for name, shape in linear.items()}
