"""Memory → the best token sequences: beam search, length-normalised, with stop rules. A beam of one is greedy
search."""

from typing import NamedTuple

import torch
from torch import Tensor

from speech2code.config import SearchConfig
from speech2code.translation.attention import Memory
from speech2code.translation.recurrent import SpeechToTokens, State


class Hypothesis(NamedTuple):
    """One decoded sentence."""

    tokens: list[int]
    score: float  # log-probability / length ** length_penalty
    ended: bool  # False: the length limit stopped it
    alignment: Tensor  # (tokens, encoder time)


@torch.no_grad()
def beam_search(
    model: SpeechToTokens,
    features: Tensor,
    lengths: Tensor,
    search: SearchConfig,
    *,
    longest: int,
    longest_run: int,
) -> list[Hypothesis]:
    """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → the best hypothesis of each item.

    An item is done when `beam` hypotheses have ended among its best candidates. Two stop rules, both facts of the
    training targets: no sequence is longer than `longest`, and no token stands more than `longest_run` times in a row
    (a decoder left alone may repeat one unit for ever).
    """
    batch, beam, penalty = len(features), search.beam, search.length_penalty
    memory = Memory(*(part.repeat_interleave(beam, dim=0) for part in model.encode(features, lengths)))
    state = model.start(memory)
    rows = torch.arange(batch, device=features.device)[:, None] * beam
    tokens = torch.full((batch * beam,), model.end, device=features.device)
    scores = torch.full((batch, beam), -torch.inf, device=features.device)
    scores[:, 0] = 0  # all beams start alike: only the first counts
    written = tokens.new_zeros(batch * beam, 0)
    alignments = scores.new_zeros(batch * beam, 0, memory.states.shape[1])
    run = torch.zeros_like(tokens)
    ended: list[list[Hypothesis]] = [[] for _ in range(batch)]
    for step in range(longest + 1):
        logp, state, alignment = model.step(tokens, memory, state)
        logp = _forbid(logp, tokens, run >= longest_run, end=model.end if step == 0 else None)
        total = scores[:, :, None] + logp.view(batch, beam, -1)
        ending = total[:, :, model.end].clone()
        threshold = total.flatten(1).topk(beam, dim=1).values[:, -1:]
        # an item that is done ignores the further steps that its neighbours need: it ends as it would alone
        waiting = torch.tensor([[len(found) < beam] for found in ended], device=features.device)
        for item, place in ((ending >= threshold) & ending.isfinite() & waiting).nonzero().tolist():
            row = item * beam + place
            score = float(ending[item, place]) / step**penalty
            ended[item].append(Hypothesis(written[row].tolist(), score, True, alignments[row]))
        if step == longest or all(len(found) >= beam for found in ended):
            break
        total[:, :, model.end] = -torch.inf
        scores, flat = total.flatten(1).topk(beam, dim=1)
        origin, following = (rows + flat // logp.shape[1]).flatten(), (flat % logp.shape[1]).flatten()
        run = torch.where(following == tokens[origin], run[origin] + 1, 1)
        tokens = following
        state = State(*(part[origin] for part in state))
        written = torch.cat([written[origin], tokens[:, None]], dim=1)
        alignments = torch.cat([alignments[origin], alignment[origin][:, None]], dim=1)
    unended = [
        Hypothesis(written[row].tolist(), float(scores[item, 0]) / longest**penalty, False, alignments[row])
        for item, row in enumerate(rows[:, 0].tolist())
    ]
    return [max(found, key=lambda each: each.score) if found else last for found, last in zip(ended, unended)]


def _forbid(logp: Tensor, tokens: Tensor, repeated: Tensor, end: int | None) -> Tensor:
    """No token beyond its longest run, and no empty sentence."""
    classes = torch.arange(logp.shape[1], device=logp.device)
    forbidden = repeated[:, None] & (classes == tokens[:, None])
    if end is not None:
        forbidden = forbidden | (classes == end)
    return logp.masked_fill(forbidden, -torch.inf)
