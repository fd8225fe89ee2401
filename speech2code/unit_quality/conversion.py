"""Voice conversion, judged: units of one speaker, spoken by another. Whose voice is it, are the words still there?"""

import numpy as np

from speech2code.audio.trimming import trim_silence
from speech2code.corpora.speech import Speech
from speech2code.protocols import UnitEncoder, Vocoder
from speech2code.recognisers.pocketsphinx import PocketSphinx
from speech2code.scoring.counts import error_rate, word_edits
from speech2code.scoring.normalisation import holds_words
from speech2code.scoring.scores import comparable
from speech2code.unit_quality.information import Sequences
from speech2code.unit_quality.spoken import mfcc_of
from speech2code.vocoders.speaking import speak

SENTENCES, LEARNT = 100, 1000  # converted; original ones that the classifier learns from
STATIC = slice(1, 13)  # coefficients: loudness tells of the recording, not of the voice


def convert(
    train: Speech, test: Speech, units: Sequences, encoder: UnitEncoder, vocoder: Vocoder, read_in: str | None
) -> dict[str, float]:
    """Test sentences spoken by the speaker behind their own: percent classified as that one ("converted_voice"), and
    PocketSphinx's WER in percent of their words. `read_in`: their language, None where it shall not read."""
    learnt = np.linspace(0, len(train) - 1, min(LEARNT, len(train))).astype(int)
    mfcc = [train.store.mfcc("target", item) for item in learnt]
    whose = VoiceClassifier(mfcc, train.speakers("target", learnt).numpy())
    chosen = np.arange(min(SENTENCES, len(test)))
    wanted = ((test.speakers("target", chosen) + 1) % train.speaker_count("target")).tolist()
    sounds = [speak([units[item]], encoder, vocoder, each)[0] for item, each in zip(chosen, wanted)]
    found = {
        "converted_voice": 100
        * float(np.mean([whose(mfcc_of(trim_silence(s))) == each for s, each in zip(sounds, wanted)]))
    }
    texts = test.store.texts("target") if read_in else []
    told = [item for item in chosen if read_in and holds_words(texts[item], read_in)]
    if read_in and told:
        read = PocketSphinx().transcribe([sounds[item] for item in told], description="pocketsphinx: converted")
        pair = comparable(read, [texts[item] for item in told], read_in)
        found["wer_converted_pocketsphinx"] = float(error_rate(word_edits(*pair, read_in).sum(axis=0)))
    return found


class VoiceClassifier:
    """Linear discriminant analysis (Fisher 1936) on the mean and deviation of each MFCC coefficient of a sentence."""

    def __init__(self, mfcc: list[np.ndarray], speakers: np.ndarray):
        """Sentences `(time, 39)` and their speakers, int `(sentences,)` from 0 on."""
        points = np.stack([_summary(each) for each in mfcc])
        of_each = [points[speakers == each] for each in range(speakers.max() + 1)]
        # nobody sounds like a speaker of whom nothing was heard
        self.means = np.stack([each.mean(0) if len(each) else np.full(points.shape[1], 1e9) for each in of_each])
        apart = np.cov((points - self.means[speakers]).T, ddof=min(1, len(points) - 1))
        covariance = apart + 1e-3 * np.eye(points.shape[1])
        self.inverse = np.linalg.inv(covariance)

    def __call__(self, mfcc: np.ndarray) -> int:
        """`(time, 39)` → the speaker whose sentences are nearest."""
        away = self.means - _summary(mfcc)
        return int(np.einsum("sd,de,se->s", away, self.inverse, away).argmin())


def _summary(mfcc: np.ndarray) -> np.ndarray:
    static = np.asarray(mfcc, np.float64)[:, STATIC]
    return np.concatenate([static.mean(0), static.std(0)])
