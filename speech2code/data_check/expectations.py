"""What to expect of so much speech: only what the documents have measured, and where they have nothing, that."""

from speech2code.data_check.corpus import CheckedCorpus

TRIED = 494  # pairs of the only trial with real recordings (docs/own-data.md)
DEMO = 4_000  # pairs of the demo (docs/results.md)


def expectations(corpus: CheckedCorpus) -> list[str]:
    """Sentences for somebody who is about to train on it."""
    train = corpus.kept("train")
    hours = sum(corpus.seconds["target"].get(pair.id, 0.0) for pair in train) / 3600
    speech = f"{_length(hours)} of target speech" if hours else "target speech that a voice speaks"
    told = [f"There are {len(train):,} training pairs with {speech}.", _amount(len(train))]
    if len({pair.source_speaker for pair in train}) == 1:
        told.append(
            "One source speaker, as far as the manifest says: a translator learns that voice by heart. The demo's fell "
            "from 89.7 to 0.5 BLEU with another voice (docs/faq.md)."
        )
    if not any(pair.target_text for pair in corpus.kept("test")):
        told.append("No test sentence has text: no words will be scored; units and your ears judge (docs/units.md).")
    return told


def _amount(pairs: int) -> str:
    trial = (
        "the one trial with real recordings had 494 pairs, 22 minutes of English and one professional speaker on each "
        "side: Whisper base read the original with 10 % word errors and its units, spoken again, with 59 %, or 32 % "
        "with units of a fixed length (docs/own-data.md; no record was kept)"
    )
    if pairs < TRIED:
        return f"There is no figure for so little: {trial}. Expect less of fewer pairs, and train to try things out."
    if pairs < DEMO:
        return (
            f"There is no figure for this amount of real speech: {trial}. The demo has 4,000 pairs, synthetic and "
            "regular (docs/results.md)."
        )
    everyday = "55,924 synthetic everyday pairs gave 31.2 BLEU by the in-domain recogniser, 24.6 by PocketSphinx"
    return (
        "As many as the demo, whose 4,000 pairs are synthetic speech of a small phrasebook: 92.2 BLEU, read by Whisper "
        f"base (docs/results.md). In an earlier version {everyday} (docs/faq.md). For real speech there is no figure: "
        f"{trial}."
    )


def _length(hours: float) -> str:
    return f"{hours:.1f} hours" if hours >= 1 else f"{60 * hours:.1f} minutes"
