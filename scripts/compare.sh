#!/usr/bin/env bash
# Our best system beside the cascade that had transcripts: three trainings of each, from French and from Japanese into English;
# and one training into French and into Japanese.
#
#   WHISPER=base scripts/compare.sh             # a size, an id on the hub, or a folder
#   WHISPER=base SEEDS=3 scripts/compare.sh     # one training more of each, into the same folders and tables
#   WHISPER=base FRENCH=phrasebook_en_fr_mbrola scripts/compare.sh  # a French voice that Whisper understands (docs/evaluation.md)
#
# It needs the extras `whisper` and `ja`, and about 20 hours of two cores. Every stage resumes.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v speech2code >/dev/null || PATH="$PWD/.venv/bin:$PATH" # made by `make setup`
seeds=${SEEDS:-0,1,2}
common=(trainer.minutes=null whisper.model="${WHISPER:?say WHISPER=base, another size, or a folder}" whisper.window=12 baselines=[topline,topline_voice] "$@")
three=(recognisers=[in_domain,pocketsphinx,whisper] seeds="$seeds")
two=(recognisers=[in_domain,whisper] seeds="${seeds%%,*}") # PocketSphinx reads English only

speech2code sweep experiment=best_fr_en name=fr_en_seeds "${common[@]}" "${three[@]}"
# the same English speech by the same voice: units and vocoder are those of each French training
speech2code sweep experiment=best_ja_en name=ja_en_seeds donor=fr_en_seeds "${common[@]}" "${three[@]}"
speech2code sweep experiment=best_en_fr corpus="${FRENCH:-phrasebook_en_fr}" name=en_fr_seeds "${common[@]}" "${two[@]}"
speech2code sweep experiment=best_en_ja name=en_ja_seeds "${common[@]}" "${two[@]}"
