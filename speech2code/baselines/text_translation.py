"""Text → text in another language: Marian, M2M100 or NLLB of transformers, the second step of a cascade of three."""

from typing import Any

import torch

from speech2code.baselines.pretrained import folder_of, load_model, load_part
from speech2code.bcp47 import primary
from speech2code.config import Config, SearchConfig
from speech2code.errors import UserError

SHOWN = 8  # codes of languages that an error names


class TextTranslator:
    """The most likely translation by beam search, each sentence apart: none depends on its neighbours."""

    def __init__(self, model: Any, tokenizer: Any, source: str, target: str, search: SearchConfig):
        """`source`, `target`: the model's codes of the languages. UserError where it does not know them."""
        self.model, self.tokenizer, self.search = model, tokenizer, search
        self.before, self.options = "", {}  # what goes before each text, what `generate` is told besides
        if hasattr(tokenizer, "supported_language_codes"):  # Marian
            _check("source", source, str(tokenizer.source_lang or source).split("+"))
            several = [each.strip("<>") for each in tokenizer.supported_language_codes]
            _check("target", target, several or [tokenizer.target_lang or target])
            self.before = f">>{target}<< " if several else ""
        else:
            known = _languages(tokenizer)
            _check("source", source, list(known))
            _check("target", target, list(known))
            tokenizer.src_lang = source
            self.options = {"forced_bos_token_id": known[target]}

    @classmethod
    def load(cls, config: Config, device: torch.device) -> "TextTranslator":
        """`pretrained.translation`. UserError: it cannot be loaded, or does not know the languages."""
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        settings, name = config.pretrained, "translation"
        folder = folder_of(name, str(settings.translation))
        model = load_model(AutoModelForSeq2SeqLM, name, folder).to(device)
        source = settings.source_code or primary(config.corpus.source)
        target = settings.target_code or primary(config.corpus.target)
        return cls(model, load_part(AutoTokenizer, name, folder), source, target, config.search)

    @torch.inference_mode()
    def translate(self, text: str) -> str:
        """One sentence; nothing of nothing, for of an empty text such models make one up. What is longer than the model
        can read is cut."""
        if not text.strip():
            return ""
        longest = min(self.tokenizer.model_max_length, self.model.config.max_position_embeddings)
        tokens = self.tokenizer(self.before + text, return_tensors="pt", truncation=True, max_length=longest)
        found = self.model.generate(
            **tokens.to(self.model.device),
            num_beams=self.search.beam,
            length_penalty=self.search.length_penalty,
            do_sample=False,
            **self.options,
        )
        return self.tokenizer.decode(found[0], skip_special_tokens=True).strip()


def _languages(tokenizer: Any) -> dict[str, int]:
    """Code of a language → its token."""
    if hasattr(tokenizer, "lang_code_to_id"):  # M2M100
        return tokenizer.lang_code_to_id
    codes = [each for each in tokenizer.all_special_tokens if "_" in each]  # NLLB: fra_Latn
    if not (codes and hasattr(tokenizer, "src_lang")):
        raise UserError(
            f"pretrained.translation: {type(tokenizer).__name__} has no codes of languages; choose a Marian, an M2M100 "
            "or an NLLB model"
        )
    return dict(zip(codes, tokenizer.convert_tokens_to_ids(codes)))


def _check(side: str, code: str, known: list[str]) -> None:
    if code not in known:
        some = ", ".join(sorted(known)[:SHOWN]) + (", …" if len(known) > SHOWN else "")
        raise UserError(
            f"pretrained.translation does not know the {side} language {code}; it knows {some}: set "
            f"pretrained.{side}_code= where one of these is meant, or choose another model"
        )
