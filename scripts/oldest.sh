#!/usr/bin/env bash
# The tests with the oldest versions that pyproject.toml allows, or with the newest ones:
#   scripts/oldest.sh            # what it names as the least
#   scripts/oldest.sh newest     # what the package index has today
# Each gets a virtual environment of its own, .venv-oldest or .venv-newest; several GB where torch comes with CUDA. More
# arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
which=oldest
if [[ "${1:-}" == newest ]]; then which=newest; shift; fi
python=.venv-$which/bin/python
[[ -x $python ]] || ${PYTHON:-python3} -m venv ".venv-$which"
$python -m pip install -q uv
if [[ $which == oldest ]]; then
  $python -m uv pip install -q --python "$python" --resolution lowest-direct -e '.[ja,whisper,import]'
  $python -m uv pip freeze -q --python "$python" --exclude-editable > ".venv-$which/versions.txt"
  # the tools that test are not what is tested
  $python -m uv pip install -q --python "$python" --constraint ".venv-$which/versions.txt" -e '.[dev]'
else
  $python -m uv pip install -q --python "$python" --upgrade -e '.[dev,ja,whisper,import]'
fi
$python -m uv pip list --python "$python"
OMP_NUM_THREADS=1 $python -m pytest -n 2 --dist loadfile --no-loadscope-reorder "$@"
