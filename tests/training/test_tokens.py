"""What the networks that write tokens hear while they learn."""

import numpy as np
import torch

from speech2code.config import LstmConfig
from speech2code.corpora.speech import Speech
from speech2code.training.tokens import TokensTask


def test_jitter_moves_speech_in_training_alone_and_hides_none_of_it(textless):
    train, items, most = Speech(textless.folder, "train"), np.arange(8), 3
    speech = train, [np.zeros(1, np.int64)] * len(train)
    config = LstmConfig(dropout=0, time_masks=0, coefficient_masks=0, jitter=most)
    task = TokensTask("translate", "source", config, 2, speech, speech)
    heard, lengths, *_ = task.batch(items, 0.0)
    recorded, _ = train.mfcc("source", items)
    shifts = set()
    for moved, features, length in zip(heard, recorded, lengths):
        places = {shift: (torch.arange(length) + shift).clamp(0, length - 1) for shift in range(-most, most + 1)}
        found = [shift for shift, place in places.items() if torch.equal(moved[:length], features[place])]
        assert len(found) == 1
        shifts.add(found[0])
    assert len(shifts) > 1
    assert task.validate() == task.validate()  # of speech that stands still
