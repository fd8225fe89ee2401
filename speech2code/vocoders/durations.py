"""Units → how long each of them lasts: what the translator does not predict."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from speech2code.audio.features import FRAMES_A_SECOND
from speech2code.errors import UserError
from speech2code.layers import BiLstm
from speech2code.padding import frame_mask

WIDTH = 128  # each direction
BETA = 0.2  # of the smooth L1 loss, of a logarithm: errors of more than a fifth count once
LONGEST = 100  # steps of one unit: a second


class DurationPredictor(nn.Module):
    """BiLSTM over the codes, told the speaker; it predicts logarithms."""

    def __init__(self, code_dim: int, speakers: int, unit_rate: float):
        """`unit_rate`: units a second."""
        super().__init__()
        self.speakers = nn.Embedding(speakers, code_dim)
        self.recurrent = BiLstm(code_dim, WIDTH, 1)
        self.leave = nn.Linear(2 * WIDTH, 1)
        nn.init.constant_(self.leave.bias, math.log(FRAMES_A_SECOND / unit_rate))

    def forward(self, codes: Tensor, counts: Tensor, speakers: Tensor) -> Tensor:
        """Codes `(batch, units, dim)`, counts and speakers `(batch,)` → logarithm of the steps `(batch, units)`."""
        return self.leave(self.recurrent(codes + self.speakers(speakers)[:, None], counts))[:, :, 0]

    def loss(self, codes: Tensor, durations: Tensor, speakers: Tensor) -> Tensor:
        """Against true `durations` `(batch, units)` in steps, 0 behind the end."""
        real = durations > 0
        predicted = self(codes, real.sum(1), speakers)
        return F.smooth_l1_loss(predicted[real], durations[real].float().log(), beta=BETA)

    @torch.no_grad()
    def predict(self, codes: Tensor, counts: Tensor, speakers: Tensor) -> Tensor:
        """→ steps `(batch, units)`, int64: at least 1, and 0 behind the end. UserError where there is no number."""
        steps = self(codes, counts, speakers).exp()
        if steps.isnan().any():
            raise UserError("this model's weights lead to infinite numbers instead of durations; train it again")
        return steps.round().clamp(1, LONGEST).long() * frame_mask(counts, codes.shape[1])
