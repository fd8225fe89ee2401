"""The codebook's averages against a plain transcription of Eqs. 1-3, and the traps of design section 7."""

import socket

import pytest
import torch
from torch import distributed as dist
from torch import multiprocessing
from torch.nn import functional as F

from speech2code.units.codebook import EPSILON, Codebook
from speech2code.units.transitions import SegmentCodebook

DECAY = 0.9


def ready(codebook_size=6, dim=3, decay=DECAY, seed=0):
    """A codebook past its initialisation whose codes are all alive."""
    torch.manual_seed(seed)
    codebook = Codebook(codebook_size, dim, decay)
    codebook.initialised.fill_(True)
    codebook.ema_count.fill_(10.0)
    codebook.ema_sum.copy_(codebook.codes * 10)
    return codebook


def _forget(codebook):
    """Its code 2 is far away and has not been used for long."""
    codebook.codes[2], codebook.ema_sum[2], codebook.ema_count[2] = 1000.0, 0.5, 1e-4
    return codebook


def one_hot_update(codebook, vectors):
    """Codes after one step, written as the papers write it: one-hot products, one vector at a time."""
    assignments = torch.stack([(vector - codebook.codes).square().sum(1).argmin() for vector in vectors])
    hot = F.one_hot(assignments, len(codebook.codes)).float()
    count = DECAY * codebook.ema_count + (1 - DECAY) * hot.sum(0)
    total = DECAY * codebook.ema_sum + (1 - DECAY) * hot.T @ vectors
    return total / count.clamp_min(EPSILON)[:, None], count


def test_one_update_is_the_one_hot_formula():
    codebook, vectors = ready(), torch.randn(2, 20, 3)
    codes, count = one_hot_update(codebook, vectors.flatten(0, 1))
    codebook.train()(vectors, torch.ones(2, 20, dtype=torch.bool))
    torch.testing.assert_close(codebook.codes, codes)
    torch.testing.assert_close(codebook.ema_count, count)


def test_padding_counts_nowhere():
    vectors = torch.randn(2, 9, 3)
    mask = torch.tensor([[True] * 9, [True] * 4 + [False] * 5])
    vectors[1, 4:] = 50.0  # would win a code of its own if it counted
    padded, plain = ready(), ready()
    seen = padded.train()(vectors, mask)
    alone = plain.train()(vectors[mask][None], torch.ones(1, 13, dtype=torch.bool))
    for name in ("codes", "ema_count", "ema_sum", "counts"):
        torch.testing.assert_close(getattr(padded, name), getattr(plain, name))
    assert padded.counts.sum() == 13
    torch.testing.assert_close(seen.distance, alone.distance)


def test_padding_takes_no_part_in_initialisation():
    vectors = torch.cat([torch.randn(1, 30, 3), torch.full((1, 30, 3), 99.0)], dim=1)
    codebook = Codebook(6, 3)
    codebook.train()(vectors, torch.arange(60)[None] < 30)
    assert codebook.initialised and codebook.codes.abs().max() < 10


def test_usage_is_of_all_batches_since_the_reset():
    codebook = ready(4, 1).eval()
    codebook.codes.copy_(torch.tensor([[0.0], [1.0], [2.0], [9.0]]))
    for value in (0.0, 1.0):
        codebook(torch.full((1, 5, 1), value), torch.ones(1, 5, dtype=torch.bool))
    used, perplexity = codebook.usage()
    assert used == 0.5 and perplexity == pytest.approx(2.0)  # each batch alone would say 1
    codebook.reset_usage()
    codebook(torch.zeros(1, 5, 1), torch.ones(1, 5, dtype=torch.bool))
    assert codebook.usage() == (0.25, pytest.approx(1.0))


def test_a_revived_code_outlives_the_next_pass():
    codebook = _forget(ready())
    vectors = torch.randn(1, 200, 3)
    mask = torch.ones(1, 200, dtype=torch.bool)
    codebook.train()(vectors, mask)
    revived = codebook.codes[2].clone()
    assert (vectors[0] - revived).norm(dim=1).min() < 1e-5  # it stands on a vector of the batch
    codebook(vectors, mask)
    assert (
        codebook.codes[2].norm() < 5 and (codebook.codes[2] - revived).norm() < 1.0
    )  # drawn to its own, not thrown back
    assert (codebook.encode(vectors) == 2).any()


def test_evaluation_changes_nothing():
    codebook = ready().eval()
    before = {name: value.clone() for name, value in codebook.state_dict().items()}
    codebook(torch.randn(1, 50, 3), torch.ones(1, 50, dtype=torch.bool))
    assert all(torch.equal(before[name], value) for name, value in codebook.state_dict().items())


def test_the_gradient_goes_straight_through():
    vectors = torch.randn(1, 7, 3, requires_grad=True)
    codes, units, _ = ready().eval()(vectors, torch.ones(1, 7, dtype=torch.bool))
    weights = torch.randn(1, 7, 3)
    (codes * weights).sum().backward()
    assert torch.equal(vectors.grad, weights)
    torch.testing.assert_close(codes, ready().decode(units))


def test_commitment_pulls_the_vector_and_not_the_code():
    vectors = torch.randn(1, 7, 3, requires_grad=True)
    codebook = ready().eval()
    quantised = codebook(vectors, torch.ones(1, 7, dtype=torch.bool))
    quantised.distance.backward()
    wanted = 2 * (vectors - codebook.decode(quantised.units)) / vectors.numel()
    torch.testing.assert_close(vectors.grad, wanted.detach())


def test_a_fingerprint_names_these_codes():
    codebook = ready()
    assert codebook.fingerprint() == ready().fingerprint() != ready(seed=1).fingerprint()
    codebook.codes[0, 0] += 1e-3
    assert codebook.fingerprint() != ready().fingerprint()


BATCHES = 4


def _books():
    return {
        "shared": ready(),
        "fresh": Codebook(6, 3, DECAY),
        "dying": _forget(ready()),
        "segmental": SegmentCodebook(6, 3, DECAY, target_unit_rate=30.0),
    }


def _rank(rank, port, folder):
    """One of two processes: half of each global batch, with different lengths; then a run of its own from the start."""
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    books = _books()
    torch.manual_seed(rank)  # what only one process draws must reach the other
    for vectors, mask in _batches():
        for book in books.values():
            book.train()(vectors[rank::2], mask[rank::2])
    states = {name: book.state_dict() for name, book in books.items()}
    torch.save(states | {"counts": books["shared"].counts}, f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def _batches():
    generator = torch.Generator().manual_seed(3)
    for _ in range(BATCHES):
        yield torch.randn(4, 12, 3, generator=generator), torch.arange(12) < torch.tensor([12, 5, 9, 12])[:, None]


def test_two_processes_hold_one_codebook(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    multiprocessing.spawn(_rank, (port, str(tmp_path)), nprocs=2)
    first, second = (torch.load(tmp_path / f"{rank}.pt") for rank in (0, 1))
    assert first["dying"]["codes"][2].norm() < 10  # revived, by a vector that one process alone has
    for kind in _books():
        for name, value in first[kind].items():
            assert torch.equal(value, second[kind][name]), (kind, name)
    books = _books()
    torch.manual_seed(0)
    for vectors, mask in _batches():
        for book in books.values():
            book.train()(vectors, mask)
    for kind, alone in books.items():  # one process with the same global batch: started and revived codes too
        torch.testing.assert_close(first[kind]["codes"], alone.codes)
        torch.testing.assert_close(first[kind]["ema_count"], alone.ema_count)
    fresh = _books()["segmental"].transition_cost
    assert first["segmental"]["transition_cost"] == books["segmental"].transition_cost != fresh
    counts = books["shared"].counts
    assert torch.equal(first["counts"], counts) and torch.equal(second["counts"], counts)
