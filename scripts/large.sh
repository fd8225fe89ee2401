#!/usr/bin/env bash
# A large corpus of everyday sentences, one vocabulary and length at a time.
#
#   scripts/large.sh fr_en ../corpora/fr-en 1000 6     # words among the 1,000 most frequent, at most 6 a sentence
#   scripts/large.sh fr_en ../corpora/fr-en null null  # all sentences
#
# The folder holds train, dev and test .tsv or .tsv.gz (`source<TAB>English`). The text serves to choose the sentences and to judge;
# no training of ours sees it. Every stage resumes: stopped anywhere, the same command goes on from there.
set -euo pipefail
[ $# -ge 4 ] || { echo "large.sh: give a pair, a folder, words and a length, e.g. fr_en ../corpora/fr-en 1000 6" >&2; exit 2; }
corpus=(experiment="tatoeba_$1" corpus.path="$(realpath --relative-to="$(dirname "$0")/.." "$2")" corpus.top_words="$3" corpus.max_words="$4")
shift 4
cd "$(dirname "$0")/.."
command -v speech2code >/dev/null || PATH="$PWD/.venv/bin:$PATH" # made by `make setup`

# The paper's cells K 64, r 8 and 12, with its baseline and topline: results/tatoeba_*/table.md
speech2code sweep "${corpus[@]}" units.time_reduction=8,12 "$@"

# The paper's system; our changes in the same steps; then what is wider or trained for longer: results/tatoeba_*_ablation/
python scripts/ablation.py paper segmental wide bigrams long clusters source_shift "${corpus[@]}" "$@"
