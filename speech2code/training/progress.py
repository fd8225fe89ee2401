"""One line that says how far a training is: loss, speed, time left."""

import os
import sys
import time
from collections.abc import Iterable

from tqdm import tqdm

LINE_SECONDS = 15  # between lines where the output is no terminal


class Progress:
    """A tqdm bar on a terminal (at the row that SPEECH2CODE_ROW names, for stages side by side), lines elsewhere."""

    def __init__(self, name: str, share: float, enabled: bool):
        """`share` of the budget that was used before."""
        self.name, self.before, self.enabled = name, share, enabled
        self.terminal = sys.stderr.isatty()
        self.last, self.began = (0, time.monotonic()), time.monotonic()
        self.bar = None
        if enabled and self.terminal:
            layout = "{desc} {percentage:3.0f}%|{bar:24}| {postfix}"
            row = int(os.environ.get("SPEECH2CODE_ROW", "0"))
            self.bar = tqdm(total=1000, desc=f"{name:10}", bar_format=layout, position=row, leave=True)

    def show(self, step: int, share: float, batch: int, figures: dict[str, float]) -> None:
        """`share` of the budget used, items in a batch, the batch's figures."""
        now = time.monotonic()
        if not self.enabled or (now - self.last[1] < (1 if self.terminal else LINE_SECONDS)):
            return
        speed = (step - self.last[0]) * batch / (now - self.last[1])
        self.last = (step, now)
        used = share - self.before
        left = (now - self.began) / used * (1 - share) if used > 0 else float("inf")
        parts = [f"{key} {value:.3f}" for key, value in figures.items()]
        text = f"step {step}, {', '.join(parts)}, {speed:.0f} items/s, {left / 60:.1f} min left"
        if self.bar:
            self.bar.n = round(share * 1000)
            self.bar.set_postfix_str(text)
        else:
            print(f"{self.name}: {share:4.0%} {text}", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self.bar:
            self.bar.close()


def bar(items: Iterable, name: str, total: int | None = None) -> tqdm:
    """The items one by one, with a bar and the time left."""
    terminal = sys.stderr.isatty()
    row = int(os.environ.get("SPEECH2CODE_ROW", "0"))
    return tqdm(items, name, total, position=row, mininterval=1 if terminal else LINE_SECONDS, leave=False)
