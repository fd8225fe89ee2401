"""Our ABX beside the ZeroSpeech challenge's own (zerospeech-libriabx2), on the same triphones of spoken sentences.

pip install cython pandas zerospeech-libriabx2==0.9.8    # compiles; its torchaudio is not needed, a stub does
python -m benchmarks.abx_peer                            # prints both, fails beyond 1e-6
"""

import sys
import tempfile
from pathlib import Path
from types import ModuleType

import numpy as np

from speech2code.compose import compose
from speech2code.corpora.sources import read_pairs
from speech2code.unit_quality.abx import Item, abx
from speech2code.unit_quality.spoken import speak_with_phones

VOICES, SENTENCES, EVERY = ("flite:slt", "flite:rms"), 60, 10**6


def main() -> None:
    texts = [pair.target_text for pair in read_pairs(compose(["experiment=phrasebook"]).corpus)[0][:SENTENCES]]
    spoken = [sentence for voice in VOICES for sentence in speak_with_phones(voice, texts, 2)]
    items = [item for sentence in spoken for item in sentence.triphones(sentence.mfcc, 1)]
    ours = {mode: abx(items, across=mode == "across", most=EVERY) for mode in ("within", "across")}
    theirs = peer(items)
    for mode, error in ours.items():
        print(f"{mode:7} ours {error:.8f} %, theirs {theirs[mode]:.8f} %, {len(items)} triphones")
    sys.exit(max(abs(ours[mode] - theirs[mode]) for mode in ours) > 100 * 1e-6)


def peer(items: list[Item]) -> dict[str, float]:
    """The same of zerospeech-libriabx2: one file of features for each triphone."""
    sys.modules.setdefault("torchaudio", ModuleType("torchaudio"))
    import zrc_abx2

    with tempfile.TemporaryDirectory() as folder:
        lines = ["#file onset offset #phone prev-phone next-phone speaker"]
        for place, item in enumerate(items):
            np.save(Path(folder, f"i{place}.npy"), item.frames.astype(np.float32))
            end = (len(item.frames) + 0.6) / 100  # it rounds down what is left after half a frame
            lines.append(f"i{place} 0 {end} {item.phone} {' '.join(item.context)} {item.speaker}")
        Path(folder, "all.item").write_text("\n".join(lines) + "\n")
        limits = {"max_size_group": EVERY, "max_x_across": EVERY, "context_mode": "within"}
        found = zrc_abx2.EvalABX().eval_abx(zrc_abx2.EvalArgs(folder, str(Path(folder, "all.item")), **limits))
    return {each["abx-s-condition"]: 100 * each["score"] for each in found}


if __name__ == "__main__":
    main()
