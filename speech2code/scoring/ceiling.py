"""A recogniser that cannot read the original speech cannot judge what a system makes of it."""

ORIGINAL = "original"  # the row whose score is a recogniser's ceiling
LIMIT = 30.0  # word errors in % of the original speech, or in scripts without spaces characters
SENTENCE = "this recogniser cannot judge this corpus"


def cannot_judge(wer: float) -> dict[str, float]:
    """Word error rate in % of a recogniser on original speech → the mark of all rows that it has read, if any."""
    return {"cannot_judge": round(wer, 1)} if wer > LIMIT else {}
