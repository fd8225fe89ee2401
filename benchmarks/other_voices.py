"""The demo's model, spoken to by voices: what Whisper, which no training met, reads in the answers.

    python -m benchmarks.other_voices MODEL VOICE...     # behind `make demo`, with the extra `whisper`
    python -m benchmarks.other_voices base espeak:fr-fr mbrola:fr1

MODEL is what `whisper.model` takes. Each voice says the same 60 sentences of the test list.
"""

import sys

import numpy as np
import torch

from speech2code.builders import load_recogniser
from speech2code.compose import compose
from speech2code.corpora.voices import load_voice
from speech2code.pipeline import SpeechTranslator
from speech2code.scoring import score
from speech2code.stages.folders import run_folder, speech_of

SENTENCES = 60


def main(model: str, *voices: str) -> None:
    torch.set_num_threads(1)
    config = compose(["experiment=best_fr_en", "recognisers=[whisper]", f"whisper.model={model}"])
    store = speech_of(config, "test").store
    items = np.linspace(0, len(store) - 1, SENTENCES).astype(int).tolist()
    french, english = ([store.texts(side)[item] for item in items] for side in ("source", "target"))
    system = SpeechTranslator.from_pretrained(run_folder(config) / "model")
    recogniser = load_recogniser("whisper", run_folder(config), config)

    def told(name: str, sounds: list[np.ndarray]) -> None:
        found = score(recogniser.transcribe(sounds, name), english, config.corpus.target)
        bleu = f"BLEU {found.bleu:.1f} [{found.bleu_low:.1f}, {found.bleu_high:.1f}]"
        print(f"{name}: {bleu}, WER {found.wer:.1f} [{found.wer_low:.1f}, {found.wer_high:.1f}]", flush=True)

    told("original", [store.waveform("target", item) for item in items])
    for name in voices:
        voice = load_voice(name)
        told(name, [system.translate(voice.speak(text)) for text in french])


if __name__ == "__main__":
    main(*sys.argv[1:])
