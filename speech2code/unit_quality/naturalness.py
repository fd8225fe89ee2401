"""How natural speech sounds: the mean opinion score, 1 (bad) to 5 (excellent), that listeners would give.

A network guesses it that has learnt from listeners' scores of many systems, DistillMOS (Stahl & Gamper 2025): a way to
compare vocoders, no proof that anybody would agree.
"""

import io
from collections.abc import Callable
from contextlib import redirect_stdout

import numpy as np
import torch

from speech2code.errors import UserError


def load_listener() -> Callable[[np.ndarray], float]:
    """→ waveform float32 `(samples,)` at 16 kHz → its score. UserError where the extra `naturalness` is missing."""
    try:
        from distillmos import ConvTransformerSQAModel
    except (ImportError, OSError) as error:  # OSError: a torchaudio that was built for another torch
        raise UserError(
            "measure.naturalness=true needs the extra `naturalness` and a torchaudio that fits torch: "
            f"pip install 'speech2code[naturalness]' ({error})"
        ) from error
    with redirect_stdout(io.StringIO()):  # it says where its weights lie
        model = ConvTransformerSQAModel().eval()

    @torch.inference_mode()
    def listen(waveform: np.ndarray) -> float:
        return float(model(torch.from_numpy(waveform)[None]))

    return listen
