# Two commands for a newcomer: `make demo` and `make test`. Both set up all they need on Debian or Ubuntu with Python >= 3.11.
PYTHON ?= python3
VENV ?= .venv
VOICE ?= flite:slt
MODEL ?= runs/best_fr_en/model
export HYDRA_FULL_ERROR = 0

ifeq ($(VOICE),espeak)
demo_options = name=best_fr_en_espeak corpus.name=phrasebook_fr_en_espeak corpus.target_voice=espeak:en-us
else
demo_options = corpus.target_voice=$(VOICE)
endif

.PHONY: demo serve test lint types docs audit bench check setup voices browser clean

demo: setup $(if $(filter flite:%,$(VOICE)),voices)
	$(VENV)/bin/speech2code run experiment=best_fr_en $(demo_options)
ifeq ($(VOICE),espeak)
	@echo "Spoken by espeak-ng: PocketSphinx reads its English badly (75-90 % WER), so only the in-domain recogniser's figures mean something."
endif

serve: setup
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[app]'
	$(VENV)/bin/speech2code serve model=$(MODEL)

test: lint types voices browser
	OMP_NUM_THREADS=1 $(VENV)/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered --cov-fail-under=90

lint: setup-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .

types: setup-dev
	$(VENV)/bin/mypy

docs: setup
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[docs]'
	$(VENV)/bin/python docs/generate_configuration.py
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
	@echo "open site/index.html"

audit: setup
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[ja,whisper,cluster]' pip-audit
	$(VENV)/bin/pip-audit --skip-editable

bench: setup-dev voices
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[bench]'
	$(VENV)/bin/python -m benchmarks.run $(LINES)

check: setup-dev
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

setup: $(VENV)/.runtime
setup-dev: $(VENV)/.dev

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Speech2Code needs Python 3.11 or newer: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV) || { echo "no venv module: sudo apt-get install python3-venv"; exit 1; }

$(VENV)/.runtime: $(VENV)/bin/python pyproject.toml constraints.txt
	$(VENV)/bin/pip install -q -c constraints.txt torch
	$(VENV)/bin/pip install -q -c constraints.txt -e .
	touch $@

$(VENV)/.dev: $(VENV)/.runtime
	$(VENV)/bin/pip install -q -c constraints.txt -e '.[dev,ja]'
	touch $@

voices:
	@command -v flite >/dev/null || { sudo=$$(command -v sudo || true); [ "$$(id -u)" = 0 ] && sudo=; \
	  { $$sudo apt-get update -qq && $$sudo apt-get install -y -qq flite; } \
	  || { echo "cannot install the voice program flite; install it by hand or use make demo VOICE=espeak"; exit 1; }; }

browser:  # of the tests of the page; without one they are skipped
	@command -v chromium >/dev/null || { sudo=$$(command -v sudo || true); [ "$$(id -u)" = 0 ] && sudo=; \
	  { $$sudo apt-get update -qq && $$sudo apt-get install -y -qq chromium; } || echo "no chromium: the page is not tested"; }

clean:
	rm -rf runs data
