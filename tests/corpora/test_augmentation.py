"""What an encoder gets in place of the speech as it was: moved, of another vocal tract, masked."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.config import LstmConfig
from speech2code.corpora.augmentation import shift_in_time, spec_augment, vocal_tract


@settings(deadline=None, max_examples=30)
@given(lengths=st.lists(st.integers(1, 30), min_size=1, max_size=4), most=st.integers(0, 4))
def test_speech_is_shifted_within_itself(lengths, most):
    counted = torch.arange(34.0)[None, :, None].expand(len(lengths), -1, 39)  # each frame holds its own number
    shifted = shift_in_time(counted, torch.tensor(lengths), most)
    for item, length in zip(shifted[:, :, 0], lengths):
        steps = [torch.arange(length).add(each).clamp(0, length - 1).float() for each in range(-most, most + 1)]
        assert any(torch.equal(item[:length], each) for each in steps)


def test_each_item_gets_a_vocal_tract_of_its_own():
    noise = torch.randn(1, 39, 28, generator=torch.Generator().manual_seed(0))
    features = torch.nn.functional.avg_pool1d(noise, 9, 1).transpose(1, 2) * 3
    mean, deviation = torch.linspace(-2, 2, 39), torch.linspace(0.5, 3, 39)
    torch.testing.assert_close(vocal_tract(features, torch.ones(1), mean, deviation), features, atol=1e-4, rtol=1e-4)
    twice = vocal_tract(features.expand(2, -1, -1), torch.tensor([0.8, 1.2]), mean, deviation)
    changes = [(each - features[0]).abs().mean() for each in twice]
    assert min(changes) > 0.01 and not torch.allclose(twice[0], twice[1], atol=1e-2)


@pytest.mark.parametrize(("time_masks", "coefficient_masks"), [(0, 0), (2, 0), (0, 1), (2, 1)])
def test_masks_hide_stretches_of_time_and_the_same_coefficients_of_every_derivative(time_masks, coefficient_masks):
    config = LstmConfig(time_masks=time_masks, time_mask=9, coefficient_masks=coefficient_masks, coefficient_mask=3)
    lengths, hidden_frames, hidden_coefficients = torch.tensor([60, 40]), 0, 0
    for seed in range(20):
        torch.manual_seed(seed)
        masked = spec_augment(torch.ones(2, 64, 39), lengths, config)
        assert set(masked.unique().tolist()) <= {0.0, 1.0}
        for item, length in zip(masked, lengths.tolist()):
            assert (item[length:] == 0).all()
            frames, coefficients = (item[:length] == 0).all(1), (item[:length] == 0).all(0)
            # whatever is hidden is a whole frame, or a coefficient in all frames
            assert torch.equal(item[:length] == 0, frames[:, None] | coefficients[None])
            assert torch.equal(coefficients[:13].repeat(3), coefficients)
            assert frames.sum() <= time_masks * 9 and coefficients.sum() <= coefficient_masks * 3 * 3
            hidden_frames, hidden_coefficients = hidden_frames + frames.sum(), hidden_coefficients + coefficients.sum()
    assert (hidden_frames > 0) == (time_masks > 0) and (hidden_coefficients > 0) == (coefficient_masks > 0)
