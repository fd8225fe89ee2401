"""Memory → the best token sequences: beam search, length-normalised, with stop rules. A beam of one is greedy
search."""

from typing import NamedTuple

import torch
from torch import Tensor

from speech2code.config import SearchConfig
from speech2code.protocols import Translator


class Hypothesis(NamedTuple):
    """One decoded sentence."""

    tokens: list[int]
    score: float  # log-probability / length ** length_penalty
    ended: bool  # False: the length limit stopped it
    alignment: Tensor  # (tokens, encoder time)


@torch.no_grad()
def beam_search(
    model: Translator,
    features: Tensor,
    lengths: Tensor,
    search: SearchConfig,
    *,
    longest: int,
    longest_run: int,
) -> list[Hypothesis]:
    """Normalised MFCC `(batch, time, 39)`, lengths `(batch,)` → the best hypothesis of each item.

    An item is done when `beam` hypotheses have ended among its best candidates and none that goes on is better than
    the best of them (label smoothing leaves unlikely ends everywhere: they alone must not stop a sentence). Two stop
    rules, both facts of the training targets: no sequence is longer than `longest`, and no token stands more than
    `longest_run` times in a row (a decoder left alone may repeat one unit for ever).
    """
    batch, beam, penalty = len(features), search.beam, search.length_penalty
    memory = model.encode(features, lengths)
    memory = type(memory)._make(part.repeat_interleave(beam, dim=0) for part in memory)
    state = model.start(memory)
    rows = torch.arange(batch, device=features.device)[:, None] * beam
    tokens = torch.full((batch * beam,), model.end, device=features.device)
    scores = torch.full((batch, beam), -torch.inf, device=features.device)
    scores[:, 0] = 0  # all beams start alike: only the first counts
    run = torch.zeros_like(tokens)
    steps: list[tuple[Tensor, Tensor, Tensor]] = []  # of each: token, row it came from, alignment of that row
    ended: list[list[tuple[float, int, int]]] = [[] for _ in range(batch)]  # score, length, row
    # an item that is done ignores the further steps that its neighbours need: it ends as it would alone
    waiting = torch.ones(batch, 1, dtype=torch.bool, device=features.device)
    for step in range(longest + 1):
        logp, state, alignment = model.step(tokens, memory, state)
        logp = _forbid(logp, tokens, run >= longest_run, end=model.end if step == 0 else None)
        total = scores[:, :, None] + logp.view(batch, beam, -1)
        ending = total[:, :, model.end].clone()
        threshold = total.flatten(1).topk(beam, dim=1).values[:, -1:]
        for item, place in ((ending >= threshold) & ending.isfinite() & waiting).nonzero().tolist():
            ended[item].append((float(ending[item, place]) / step**penalty, step, item * beam + place))
        total[:, :, model.end] = -torch.inf
        scores, flat = total.flatten(1).topk(beam, dim=1)
        for item, going in enumerate((scores[:, 0] / max(step, 1) ** penalty).tolist()):
            waiting[item] &= len(ended[item]) < beam or going > max(ended[item])[0]
        if step == longest or not waiting.any():
            break
        origin, following = (rows + flat // logp.shape[1]).flatten(), (flat % logp.shape[1]).flatten()
        run = torch.where(following == tokens[origin], run[origin] + 1, 1)
        tokens = following
        state = type(state)._make(part[origin] for part in state)
        steps.append((tokens, origin, alignment[origin]))
    best = [
        max(found, key=lambda each: each[0])
        if found
        else (float(scores[item, 0]) / longest**penalty, longest, item * beam)
        for item, found in enumerate(ended)
    ]
    return [_follow(steps, length, row, score, bool(found)) for (score, length, row), found in zip(best, ended)]


def _follow(steps: list[tuple[Tensor, Tensor, Tensor]], length: int, row: int, score: float, ended: bool) -> Hypothesis:
    """The hypothesis that stands in `row` after `length` steps, read backwards."""
    written, looked = [], []
    for tokens, origin, alignment in reversed(steps[:length]):
        written.append(int(tokens[row]))
        looked.append(alignment[row])
        row = int(origin[row])
    return Hypothesis(written[::-1], score, ended, torch.stack(looked[::-1]))


def _forbid(logp: Tensor, tokens: Tensor, repeated: Tensor, end: int | None) -> Tensor:
    """No token beyond its longest run, and no empty sentence."""
    classes = torch.arange(logp.shape[1], device=logp.device)
    forbidden = repeated[:, None] & (classes == tokens[:, None])
    if end is not None:
        forbidden = forbidden | (classes == end)
    return logp.masked_fill(forbidden, -torch.inf)
