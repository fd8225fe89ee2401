#!/usr/bin/env bash
# The paper's experiment on an open corpus: Tables 1 and 2 (codebook size × time reduction, baseline, topline) and Table 3.
#
#   scripts/reproduce.sh                       # both pairs, one cell after another
#   scripts/reproduce.sh trainer.jobs=1 hydra/launcher=joblib hydra.launcher.n_jobs=2    # two cells at a time (extra `cluster`)
#   scripts/reproduce.sh trainer.accelerator=gpu trainer.precision=bf16-mixed trainer.jobs=8      # other settings for all
#
# Every stage of every cell resumes: stopped anywhere, the same command goes on from there; what is done is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v speech2code >/dev/null || PATH="$PWD/.venv/bin:$PATH" # made by `make setup`

# The paper's grid. No limit of minutes: the scores then do not depend on how busy the machine was.
cells=(units.codebook_size=32,64,128 units.time_reduction=4,8,12 trainer.minutes=null)

# One sweep a pair. What the cells share is done once: speech and features, the in-domain recogniser, what is read of
# the original, the baseline (Tacotron, French or Japanese MFCC → English speech) and the topline, which had transcripts
# (speech → English characters → speech). Then each cell: units, vocoder, translator, test sentences, scores, units measured.
# Both pairs have the same English sentences by the same voice: from Japanese, each cell reuses the French one's units and vocoder.
# Look at runs/<experiment>/<cell>/report.html as each is done: codes used, alignments, players.
speech2code sweep experiment=phrasebook "${cells[@]}" "$@"
speech2code sweep experiment=phrasebook_ja_en donor=phrasebook "${cells[@]}" "$@"

# results/phrasebook/ and results/phrasebook_ja_en/: table.md .csv .tex .json .png with intervals and the paper's figures
# beside ours, samples.md with transcripts side by side.
for experiment in phrasebook phrasebook_ja_en; do
  cat "results/$experiment/table.md"
done
