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
