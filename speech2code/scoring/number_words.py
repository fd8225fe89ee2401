"""Digits → English words, as they are read aloud."""

_ONES: tuple[str, ...] = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_ONES += ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_IRREGULAR_ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
_LIMIT = 10**9  # from here on, and with a leading zero, a number is read digit by digit


def number_in_words(digits: str) -> str:
    """ "42" → "forty two"; "007" → "zero zero seven"; a thousand million and more: digit by digit."""
    if len(digits) > 1 and (int(digits[0]) == 0 or len(digits) > len(str(_LIMIT - 1))):
        return " ".join(_ONES[int(digit)] for digit in digits)
    return _below_limit(int(digits))


def ordinal_in_words(digits: str) -> str:
    """ "3" → "third"; "20" → "twentieth"; "21" → "twenty first"."""
    *front, last = number_in_words(digits).split()
    regular = last[:-1] + "ieth" if last.endswith("y") else last + "th"
    return " ".join([*front, _IRREGULAR_ORDINALS.get(last, regular)])


def time_in_words(hour: int, minute: int) -> str:
    """7, 30 → "seven thirty"; 7, 5 → "seven oh five"; 7, 0 → "seven o'clock"."""
    if minute == 0:
        return f"{_below_limit(hour)} o'clock"
    return f"{_below_limit(hour)} {'oh ' if minute < 10 else ''}{_below_limit(minute)}"


def _below_limit(number: int) -> str:
    if number < 20:
        return _ONES[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")
    for size, name in ((1_000_000, "million"), (1_000, "thousand"), (100, "hundred")):
        if number >= size:
            count, rest = divmod(number, size)
            return f"{_below_limit(count)} {name}" + (f" {_below_limit(rest)}" if rest else "")
    raise AssertionError(number)
