"""Tiny models of transformers with random weights and their tokenizers, saved as those on the Hugging Face hub are."""

import json
from pathlib import Path
from string import ascii_lowercase

import numpy as np
import torch

MELS, XVECTOR = 8, 6
LETTERS = [*ascii_lowercase, " ", "'"]


def save_marian(folder: Path, targets: tuple[str, ...] = ()) -> Path:
    """French → English; `targets`: languages that the first word of a text chooses among."""
    from transformers import MarianConfig, MarianMTModel, MarianTokenizer

    folder.mkdir()
    spm = _characters(folder / "text.model")
    names = ["</s>", "<unk>", "▁", *ascii_lowercase, "'", *(f">>{each}<<" for each in targets), "<pad>"]
    vocabulary = folder / "words.json"
    vocabulary.write_text(json.dumps({name: index for index, name in enumerate(names)}))
    MarianTokenizer(str(spm), str(spm), str(vocabulary), source_lang="fr", target_lang="en").save_pretrained(folder)
    pad = len(names) - 1
    config = MarianConfig(
        vocab_size=len(names), pad_token_id=pad, decoder_start_token_id=pad, eos_token_id=0, forced_eos_token_id=0,
        max_position_embeddings=32, **_layers(),
    )  # fmt: skip
    return _saved(MarianMTModel(config), folder, max_length=12)


def save_nllb(folder: Path) -> Path:
    """French, English and German."""
    from transformers import NllbTokenizer

    names = ["<s>", "<pad>", "</s>", "<unk>", "▁", *ascii_lowercase, "'", "en", "fr"]  # words, not languages
    codes = ["fra_Latn", "eng_Latn", "deu_Latn"]
    vocabulary = {name: index for index, name in enumerate(names)}
    tokenizer = NllbTokenizer(vocab=vocabulary, src_lang="fra_Latn", extra_special_tokens=codes)
    tokenizer.save_pretrained(folder)
    return _of_many_languages(folder, len(tokenizer))


def save_m2m100(folder: Path) -> Path:
    """The hundred languages of M2M100."""
    from transformers import M2M100Tokenizer

    folder.mkdir()
    names = ["<s>", "<pad>", "</s>", "<unk>", "▁", *ascii_lowercase, "'"]
    vocabulary = folder / "words.json"
    vocabulary.write_text(json.dumps({name: index for index, name in enumerate(names)}))
    tokenizer = M2M100Tokenizer(str(vocabulary), str(_characters(folder / "text.model")))
    tokenizer.save_pretrained(folder)
    return _of_many_languages(folder, len(names) + len(tokenizer.lang_code_to_id))


def _of_many_languages(folder: Path, words: int) -> Path:
    from transformers import M2M100Config, M2M100ForConditionalGeneration

    config = M2M100Config(
        vocab_size=words, pad_token_id=1, bos_token_id=0, eos_token_id=2, decoder_start_token_id=2,
        max_position_embeddings=32, **_layers(),
    )  # fmt: skip
    return _saved(M2M100ForConditionalGeneration(config), folder, max_length=12)


def save_speecht5(folder: Path) -> Path:
    """It does not end before it must: its first step sees nothing but zeros, so no dropout."""
    from transformers import SpeechT5Config, SpeechT5ForTextToSpeech, SpeechT5Tokenizer

    folder.mkdir()
    SpeechT5Tokenizer(str(_characters(folder / "text.model"))).save_pretrained(folder)
    config = SpeechT5Config(
        vocab_size=40, hidden_size=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, num_mel_bins=MELS,
        speech_decoder_prenet_units=16, speech_decoder_postnet_units=16, speech_decoder_postnet_layers=2,
        speaker_embedding_dim=XVECTOR, max_text_positions=20, max_speech_positions=60,
    )  # fmt: skip
    model = SpeechT5ForTextToSpeech(config)
    torch.nn.init.constant_(model.speech_decoder_postnet.prob_out.bias, -100)
    return _saved(model, folder)


def save_hifigan(folder: Path, bands: int = MELS, rate: int = 16_000) -> Path:
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    config = SpeechT5HifiGanConfig(
        model_in_dim=bands, sampling_rate=rate, upsample_initial_channel=8, upsample_rates=[8, 8],
        upsample_kernel_sizes=[16, 16], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]],
        initializer_range=0.2,
    )  # fmt: skip
    return _saved(SpeechT5HifiGan(config), folder)


def save_vits(folder: Path, **settings) -> Path:
    """`settings`: of its tokenizer, and how many speakers there are."""
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    folder.mkdir()
    names, speakers = ["<pad>", *LETTERS, "<unk>"], settings.pop("num_speakers", 1)
    vocabulary = folder / "letters.json"
    vocabulary.write_text(json.dumps({name: index for index, name in enumerate(names)}))
    VitsTokenizer(str(vocabulary), **{"phonemize": False, **settings}).save_pretrained(folder)
    config = VitsConfig(
        vocab_size=len(names), hidden_size=16, num_hidden_layers=1, ffn_dim=16, flow_size=8, spectrogram_bins=9,
        duration_predictor_filter_channels=16, prior_encoder_num_flows=1, prior_encoder_num_wavenet_layers=1,
        posterior_encoder_num_wavenet_layers=1, upsample_initial_channel=16, upsample_rates=[8, 8],
        upsample_kernel_sizes=[16, 16], resblock_kernel_sizes=[3], resblock_dilation_sizes=[[1]], num_speakers=speakers,
        speaker_embedding_size=4 if speakers > 1 else 0, sampling_rate=22_050, initializer_range=0.2,
    )  # fmt: skip
    return _saved(VitsModel(config), folder)


def save_speaker(path: Path, size: int = XVECTOR, seed: int = 0) -> Path:
    np.save(path, np.random.default_rng(seed).standard_normal(size).astype(np.float32))
    return path


def _layers() -> dict[str, int]:
    names = ("layers", "attention_heads", "ffn_dim")
    sizes = dict(zip(names, (1, 2, 16)))
    return {"d_model": 16} | {f"{part}_{name}": sizes[name] for part in ("encoder", "decoder") for name in names}


def _saved(model: torch.nn.Module, folder: Path, **generation: int) -> Path:
    for name, weight in model.named_parameters():
        if weight.ndim > 1 and "embed_positions" not in name:  # so much that what comes out depends on what goes in
            torch.nn.init.normal_(weight, 0, 0.5)
    if generation:
        model.generation_config.update(**generation)
    model.save_pretrained(folder)
    return folder


def _characters(path: Path) -> Path:
    """A sentencepiece model of single letters."""
    import sentencepiece

    text = [" ".join(LETTERS).replace("'", "it's"), "the quick brown fox jumps over a lazy dog"] * 50
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_prefix=str(path.with_suffix("")), model_type="char", vocab_size=33,
        hard_vocab_limit=False, pad_id=1, bos_id=0, eos_id=2, unk_id=3, minloglevel=2,
    )  # fmt: skip
    return path
