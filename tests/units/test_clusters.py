"""Clusters of segments: sounds that one code stands for are told apart."""

import pytest
import torch

from speech2code.errors import UserError
from speech2code.units.clusters import SegmentClusters, means_of_segments

SOUNDS = torch.randn(6, 39, generator=torch.Generator().manual_seed(1))


def spoken(order, seed=0):
    """Each sound for four to seven frames → features `(frames, 39)` and the code of each frame: sounds that differ by
    three share one."""
    generator = torch.Generator().manual_seed(seed)
    durations = torch.randint(4, 8, (len(order),), generator=generator)
    sounds = torch.tensor(order).repeat_interleave(durations)
    return SOUNDS[sounds] + 0.1 * torch.randn(len(sounds), 39, generator=generator), sounds % 3, sounds


def learnt(clusters=6):
    order = torch.randint(6, (400,), generator=torch.Generator().manual_seed(2))
    features, steps, _ = spoken(order[order.roll(1) % 3 != order % 3].tolist())  # neighbours have different codes
    model = SegmentClusters(clusters, 4)
    vectors = torch.nn.functional.one_hot(steps, 4).float()
    model.learn(means_of_segments(features, steps), means_of_segments(vectors, steps))
    return model


def test_segments_are_runs_of_one_code():
    steps = torch.tensor([5, 5, 2, 2, 2, 5])
    frames = torch.tensor([[1.0], [3.0], [0.0], [3.0], [6.0], [8.0]])
    assert means_of_segments(frames, steps).tolist() == [[2.0], [3.0], [8.0]]


def test_sounds_of_one_code_get_clusters_of_their_own():
    model = learnt()
    features, steps, sounds = spoken([0, 1, 3, 2, 4, 5, 1, 3, 4, 0, 5], seed=5)
    units = model(features, steps)
    assert len(set(zip(sounds.tolist(), units.tolist()))) == 6 == len(units.unique())
    assert len(steps.unique()) == 3
    # the code of a cluster is what the encoder makes of its sounds
    assert torch.equal(model.decode(units), torch.nn.functional.one_hot(steps, 4).float())


def test_clusters_are_the_same_each_time():
    assert torch.equal(learnt().means, learnt().means) and learnt().fingerprint() == learnt().fingerprint()


def test_more_clusters_than_segments_are_refused():
    with pytest.raises(UserError, match="500 units cannot be told apart"):
        learnt(500)
