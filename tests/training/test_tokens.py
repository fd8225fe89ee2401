"""What the networks that predict tokens get while they learn."""

import numpy as np
import torch

from speech2code.config import LstmConfig
from speech2code.corpora.speech import Speech
from speech2code.training.tokens import TokensTask
from speech2code.translation.lstm import LstmTranslator


def test_a_time_shift_moves_speech_in_training_alone_and_hides_none_of_it(textless):
    train, items, most = Speech(textless.folder, "train"), np.arange(8), 3
    speech = train, [np.zeros(1, np.int64)] * len(train)
    config = LstmConfig(dropout=0, time_masks=0, coefficient_masks=0, time_shift=most)
    task = TokensTask("translator", "source", config, LstmTranslator(config, 2), speech, speech)
    augmented, lengths, *_ = task.batch(items, 0.0)
    recorded, _ = train.mfcc("source", items)
    shifts = set()
    for moved, features, length in zip(augmented, recorded, lengths):
        places = {shift: (torch.arange(length) + shift).clamp(0, length - 1) for shift in range(-most, most + 1)}
        found = [shift for shift, place in places.items() if torch.equal(moved[:length], features[place])]
        assert len(found) == 1
        shifts.add(found[0])
    assert len(shifts) > 1
    assert task.validate() == task.validate()  # of speech that stands still


def test_fewer_and_fewer_tokens_are_hidden(textless):
    train = Speech(textless.folder, "train")
    speech, config = (train, [np.zeros(1, np.int64)] * len(train)), LstmConfig(token_dropout=0.4)
    task = TokensTask("translator", "source", config, LstmTranslator(config, 2), speech, speech)
    for share, hidden in ((0.0, 0.4), (0.5, 0.2), (1.0, 0.0)):
        task.batch(np.arange(2), share)
        assert task.model.token_dropout == hidden


def test_distorted_speech_is_drawn_anew_each_time_and_again_from_the_same_seed(textless):
    train, items = Speech(textless.folder, "train"), np.arange(3)
    speech = train, [np.zeros(1, np.int64)] * len(train)
    config = LstmConfig(speed=0.1, vtlp=0.1, noise=10.0, echo=0.5, telephone=0.5)
    task = TokensTask("translator", "source", config, LstmTranslator(config, 2), speech, speech)
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(task.batch(items, 0.0))
    torch.testing.assert_close(drawn[0], drawn[1])
    assert drawn[0][1].tolist() != drawn[2][1].tolist()  # another speed, another length
    recorded = train.store.lengths("source_mfcc")[items]
    assert all(abs(length / true - 1) < 0.13 for length, true in zip(drawn[0][1].tolist(), recorded.tolist()))
    assert task.validate() == task.validate()  # of speech as it was


def test_a_microphone_that_colours_all_speech_alike_changes_nothing_after_normalisation(textless):
    features, lengths = Speech(textless.folder, "train").mfcc("source", np.arange(3))
    coloured = 1.7 * features + torch.linspace(-2, 2, 39)
    for normalisation, alike in (("utterance", True), ("corpus", False)):
        torch.manual_seed(0)
        model = LstmTranslator(LstmConfig(normalisation=normalisation), 2).eval()
        states = [model.encode(each, lengths).states for each in (features, coloured)]
        assert torch.allclose(*states, atol=1e-2) == alike
