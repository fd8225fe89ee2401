"""The decoder's LSTM cell, fast to train step by step.

In a loop over steps autograd forms each step's share of the weight gradient as a thin matrix product of its own and
adds them up. Here the steps keep their inputs and output gradients, and the first step (whose backward pass comes last,
because every later step hangs on its state) forms the whole gradient at once. Equal to torch's LSTMCell:
tests/translation/test_cell.py.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Tape = list[tuple[Tensor, Tensor]]  # (inputs, output gradient) of each step, last step first


class DecoderCell(nn.Module):
    """LSTM cell of `width` over an embedding (known for all steps beforehand) and a context (known step by step)."""

    def __init__(self, embedding_dim: int, context_dim: int, width: int):
        super().__init__()
        self.width = width
        self.embedded = nn.Linear(embedding_dim, 4 * width)
        self.fed_back = nn.Linear(context_dim + width, 4 * width, bias=False)
        with torch.no_grad():
            self.embedded.bias[width : 2 * width] += 1  # forget gates begin open

    def forward(
        self, gates: Tensor, context: Tensor, hidden: Tensor, cell: Tensor, tape: Tape
    ) -> tuple[Tensor, Tensor]:
        """One step: `embedded(embedding)` `(batch, 4 · width)`, context, state → new hidden and cell `(batch, width)`.

        `tape` is one empty list for each pass over a sequence.
        """
        inputs = torch.cat([context, hidden], dim=1)
        gates = gates + _StepLinear.apply(inputs, self.fed_back.weight, tape)
        enter, forget, leave = gates[:, : 3 * self.width].sigmoid().chunk(3, dim=1)
        cell = forget * cell + enter * gates[:, 3 * self.width :].tanh()
        return leave * cell.tanh(), cell


class _StepLinear(torch.autograd.Function):
    """inputs `(batch, dim)` @ weightᵀ; the weight's gradient over all steps of a tape is returned by the first step."""

    @staticmethod
    def forward(ctx, inputs: Tensor, weight: Tensor, tape: Tape) -> Tensor:
        ctx.save_for_backward(inputs, weight)
        ctx.tape, ctx.first = tape, not tape
        if ctx.first:
            tape.append((inputs, None))  # marks the tape as begun
        return F.linear(inputs, weight)

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, Tensor | None, None]:
        inputs, weight = ctx.saved_tensors
        ctx.tape.append((inputs, gradient))
        whole = None
        if ctx.first:
            steps = ctx.tape[1:]
            outer = torch.cat([step for _, step in steps])
            whole = outer.T.to(weight.dtype) @ torch.cat([step for step, _ in steps]).to(weight.dtype)
            del ctx.tape[1:]
        return gradient @ weight.to(gradient.dtype), whole, None
