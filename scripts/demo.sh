#!/usr/bin/env bash
# The demo, one stage at a time: French speech → English speech, from nothing to a page of scores, on one core.
#
#   scripts/demo.sh                                   # settings: conf/experiment/best_fr_en.yaml
#   scripts/demo.sh name=mine units.codebook_size=32  # the same with other settings, in a folder of its own
#
# `speech2code run experiment=best_fr_en` does the same, with stages that do not need each other side by side.
# Every stage resumes: stopped anywhere, the same command goes on from there; what is done is not done again.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v speech2code >/dev/null || PATH="$PWD/.venv/bin:$PATH" # made by `make setup`

# Where everything goes, as the settings say: runs/best_fr_en unless told otherwise.
settings=$(speech2code config experiment=best_fr_en "$@")
run=$(sed -n 's/^runs: //p' <<<"$settings")/$(sed -n 's/^name: //p' <<<"$settings")

# Sentence pairs → features. Two voices speak an embedded phrasebook: from here on there is only speech.
# Look at data/phrasebook_fr_en/corpus.json (pairs, hours of speech) and rejected.csv (what could not be used, and why).
speech2code prepare experiment=best_fr_en "$@"

# English speech → units. The VQ-VAE learns 128 codes and writes each sound, about 14 a second, as one of them; no text is read.
# Look at `tensorboard --logdir runs/best_fr_en`: the perplexity says how many codes do the work; a few would be too few.
speech2code discover experiment=best_fr_en "$@"

# English speech → words: the recogniser that will judge. The only training that sees text; it never hears the system.
# Look at its dev accuracy: what it cannot read in original speech, it cannot read in a translation either.
speech2code recognise experiment=best_fr_en "$@"

# Units → spectrogram. The inverter learns how long each unit lasts and to draw what the units left out; Griffin-Lim then makes it a waveform.
# Look at (and listen to) the audio in TensorBoard.
speech2code invert experiment=best_fr_en "$@"

# French speech → English units. An attention model that never sees a word of either language.
# Look at the alignment in TensorBoard: a path from corner to corner means that it listens to the French.
speech2code translate experiment=best_fr_en "$@"

# The test sentences, translated from the French and spoken.
# Listen to runs/best_fr_en/synthesis/translation/*.wav. runs/best_fr_en/model is the whole system in one folder.
speech2code synthesise experiment=best_fr_en "$@"

# What PocketSphinx, which knows nothing of this project, hears: in the original, in the true units of the test sentences as the
# inverter speaks them (runs/best_fr_en/inverter/resynthesis/*.wav: no translation can sound better), and in the translation.
for row in original resynthesis translation; do
  speech2code listen "$row" experiment=best_fr_en "$@"
done

# Speech → transcripts → BLEU, METEOR, WER, by two recognisers, for the original, the resynthesis and the translation.
# Look at the three rows of runs/best_fr_en/scores.json together: a score means little without its ceiling.
speech2code evaluate experiment=best_fr_en "$@"

# How good the units are apart from any translation: bitrate, ABX, what they tell of the phones, how two other voices change
# them. Two other voices say 250 of the test sentences for it.
speech2code units experiment=best_fr_en "$@"

# All of it on one page that opens anywhere: runs/best_fr_en/report.html
speech2code report experiment=best_fr_en "$@"

# And the system at work: a French recording in, English speech out. Any recording will do; this is a test sentence.
french=("$run"/synthesis/source/*.wav)
speech2code say "${french[0]}" "$run/said.wav" model="$run/model"
echo "listen: ${french[0]} → $run/said.wav; then open $run/report.html"
