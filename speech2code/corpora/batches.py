"""Which items stand together in a batch."""

import numpy as np

from speech2code.errors import UserError

POOL = 50  # batches sorted by length together: little padding, yet another order each epoch


def epoch_batches(
    lengths: np.ndarray, batch_size: int, seed: int, epoch: int, rank: int = 0, world: int = 1
) -> list[np.ndarray]:
    """Item indices of each batch of this epoch; a function of its arguments alone, so a resumed run sees the same
    order.

    With several processes each takes every `world`-th batch, the same number on every rank.
    """
    generator = np.random.default_rng((seed, epoch))
    order = generator.permutation(len(lengths))
    pool = POOL * batch_size
    order = np.concatenate(
        [part[np.argsort(lengths[part], kind="stable")] for part in np.split(order, range(pool, len(order), pool))]
    )
    batches = np.split(order, range(batch_size, len(order), batch_size))
    batches = [batches[index] for index in generator.permutation(len(batches))]
    if len(batches) < world:
        raise UserError(
            f"{len(batches)} batches are too few for {world} processes; lower training.batch_size or devices"
        )
    return batches[: len(batches) // world * world][rank::world]


def in_order(lengths: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Batches of similar length that cover every item once, for validation and inference."""
    order = np.argsort(lengths, kind="stable")
    return [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
