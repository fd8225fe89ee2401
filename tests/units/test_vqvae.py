"""The VQ-VAE: how many units, no leak from padding, and that it can learn."""

import pytest
import torch
from conftest import descend
from hypothesis import given, settings
from hypothesis import strategies as st

from speech2code.config import VqVaeConfig
from speech2code.corpora.augmentation import shift_in_time
from speech2code.units.autoencoder import STRIDES
from speech2code.units.vqvae import VqVae

REDUCTIONS = sorted(STRIDES)


def vqvae(reduction, speakers=1, **changes):
    torch.manual_seed(0)
    config = VqVaeConfig(codebook_size=8, time_reduction=reduction, code_dim=6, width=32, blocks=1)
    model = VqVae(VqVaeConfig(**{**vars(config), **changes}), speakers)
    for block in model.modules():  # blocks start as the identity: give them something to do
        if hasattr(block, "second"):
            torch.nn.init.normal_(block.second.weight, std=0.2)
    model.codebook.initialised.fill_(True)
    return model


def speech(*lengths, seed=0):
    """Smooth noise `(batch, time, 39)`; beyond each end stands garbage, which must not matter."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(len(lengths), 39, max(lengths) + 8, generator=generator)
    return torch.nn.functional.avg_pool1d(noise, 9, 1).transpose(1, 2) * 3, torch.tensor(lengths)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@settings(deadline=None, max_examples=8)
@given(lengths=st.lists(st.integers(1, 60), min_size=1, max_size=3))
def test_one_unit_for_each_started_stretch_of_frames(reduction, lengths):
    units = vqvae(reduction).eval().encode(*speech(*lengths))
    assert [len(each) for each in units] == [-(-length // reduction) for length in lengths]
    assert all(each.dtype == torch.int64 for each in units)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("train", [False, True])
def test_a_padded_batch_is_its_items(reduction, train):
    """Units, both sums of Eq. 4 and the reconstruction: an item in a batch gives what it gives alone."""
    features, lengths = speech(61, 13, 40)
    speakers = torch.tensor([0, 1, 1])
    model = vqvae(reduction, 2, ema_decay=1.0).train(train)  # decay 1: the codebook stands still
    together = model(features, lengths, speakers)
    sums, count = torch.zeros(2), model.unit_count(lengths)
    for row, length in enumerate(lengths):
        alone = model(features[row : row + 1, :length], lengths[row : row + 1], speakers[row : row + 1])
        assert torch.equal(alone.quantised.units[0], together.quantised.units[row, : count[row]])
        sums += torch.stack([alone.reconstruction * length, alone.commitment * count[row]]).detach()
    means = sums / torch.stack([lengths.sum(), count.sum()])
    torch.testing.assert_close(
        torch.stack([together.reconstruction, together.commitment]).detach(), means, atol=1e-5, rtol=1e-5
    )
    torch.testing.assert_close(model.loss(together).detach(), means[0] + model.commitment * means[1])


@pytest.mark.parametrize("reduction", [4, 12])
def test_forward_and_encode_give_the_same_units(reduction):
    features, lengths = speech(50, 22)
    model = vqvae(reduction).eval()
    seen = model(features, lengths, torch.zeros(2, dtype=torch.int64)).quantised.units
    for row, units in enumerate(model.encode(features, lengths)):
        assert torch.equal(units, seen[row, : len(units)])


def test_the_decoder_is_told_who_speaks():
    features, lengths = speech(24)
    model = vqvae(4, 2).eval()
    codes = model.codebook.decode(model.encode(features, lengths)[0][None])
    first, second = (model.decoder(codes, lengths, torch.tensor([speaker])) for speaker in (0, 1))
    assert first.shape == (1, 24, 39) and not torch.allclose(first, second)


@pytest.mark.parametrize("reduction", [4, 12])
def test_it_learns_eight_utterances(reduction):
    torch.manual_seed(0)
    # each utterance is three steady "sounds" of six, long enough to be told at any reduction
    sounds = torch.randn(6, 39)
    features = sounds[torch.randint(6, (8, 3))].repeat_interleave(24, dim=1)
    lengths, speakers = torch.full((8,), 72), torch.zeros(8, dtype=torch.int64)
    model = VqVae(VqVaeConfig(codebook_size=8, time_reduction=reduction, code_dim=8, width=32, blocks=1)).train()
    losses = descend(model.parameters(), lambda: model.loss(model(features, lengths, speakers)), 250, 3e-3)
    assert losses[-1] < 0.2 * losses[0]  # one code for everything leaves five sixths
    model.codebook.reset_usage()
    model.eval()(features, lengths, speakers)
    assert model.codebook.usage()[0] > 0.5


def test_a_collapsed_codebook_comes_back():
    """Two hundred steps on inputs all alike, then speech: at least 95 % of the codes are in use again."""
    model = vqvae(4, codebook_size=32).train()
    model.codebook.initialised.fill_(False)
    optimiser = torch.optim.AdamW(model.parameters(), 2e-3)

    def step(features, lengths):
        model.loss(model(features, lengths, torch.zeros(len(lengths), dtype=torch.int64))).backward()
        optimiser.step()
        optimiser.zero_grad()

    lengths = torch.full((8,), 60)
    for _ in range(200):
        step(torch.ones(8, 60, 39), lengths)
    model.codebook.reset_usage()
    step(torch.ones(8, 60, 39), lengths)
    assert model.codebook.usage()[0] < 0.4  # it did collapse: what is left are the borders of the sentences
    for seed in range(400):
        if seed == 350:
            model.codebook.reset_usage()
        step(*speech(*[60] * 8, seed=seed))
    used, perplexity = model.codebook.usage()
    assert used >= 0.95 and perplexity > 16


def learnt(time_shift):
    """Share of units that change where speech begins two frames later, after a short training."""
    model = vqvae(8).train()
    adam, (features, lengths) = torch.optim.Adam(model.parameters(), 3e-3), speech(*[80] * 24)
    speakers = torch.zeros(24, dtype=torch.int64)
    for _ in range(120):
        loss = model.loss(model(features, lengths, speakers, shift_in_time(features, lengths, time_shift)))
        adam.zero_grad()
        loss.backward()
        adam.step()
    still, later = (torch.stack(model.eval().encode(each, lengths - 2)) for each in (features, features[:, 2:]))
    return float((still != later).float().mean())


def test_a_time_shift_teaches_units_to_ignore_where_a_sound_begins():
    assert learnt(3) < 0.8 * learnt(0)
