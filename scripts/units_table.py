"""The measures of several codebooks side by side: all of them into `results/units.json`, the main ones as a table.

python scripts/units_table.py runs/best_fr_en runs/r4      # after `speech2code units`, PocketSphinx's WER
"""

import sys
from pathlib import Path

from speech2code.files import read_json, write_json

RESULTS = Path(__file__).resolve().parents[1] / "results" / "units.json"
COLUMNS = (
    "corpus", "codebook_size", "time_reduction", "bitrate", "used", "perplexity", "abx_within", "abx_across", "pnmi",
    "wer_original", "wer_resynthesis",
)  # fmt: skip


def main(folders: list[str]) -> None:
    if not folders:
        sys.exit("units_table: name the folders of some runs, e.g. runs/best_fr_en")
    lines = [_line(Path(folder)) for folder in folders]
    made = {_name(line) for line in lines}
    write_json(RESULTS, [line for line in read_json(RESULTS) if _name(line) not in made] + lines)
    print("| " + " | ".join(COLUMNS) + " |\n" + "|---" * len(COLUMNS) + "|")
    for line in lines:
        print("| " + " | ".join(_shown(line[name]) for name in COLUMNS) + " |")


def _line(run: Path) -> dict:
    found = read_json(run / "units.json")
    found |= {f"wer_{row}": found.get(f"wer_{row}_pocketsphinx") for row in ("original", "resynthesis")}
    return {name: found.get(name) for name in COLUMNS} | found | {"origin": read_json(run / "run.json")}


def _name(line: dict) -> tuple:
    return line["corpus"], line["codebook_size"], line["time_reduction"], line["origin"]["command"]


def _shown(value) -> str:
    return "–" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main(sys.argv[1:])
