# Two commands matter: `make reproduce` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help setup reproduce test test-all lint types check docs screenshots benchmark validate format lock clean

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= reports/output
ARGS   ?=
PARTS  ?=
SEEDS  ?= 1-100
READY  := $(VENV)/.ready

# Each process would else compile all that it imports.
export PYTHONDONTWRITEBYTECODE :=

# What the commands import, in two halves: compiled at set-up, side by side. All that is installed
# would take three times as long.
TRAINING := trl.trainer.dpo_trainer,trl.trainer.grpo_trainer,transformers.models.llama.modeling_llama
ANALYSIS := arviz_stats,nutpie,numba,formulaic,statsmodels.api,krippendorff,papermill,nbconvert
ANALYSIS := $(ANALYSIS),matplotlib.pyplot,matplotlib.backends.backend_pdf,matplotlib.backends.backend_svg
ANALYSIS := $(ANALYSIS),ipykernel.kernelapp,matplotlib_inline.backend_inline,jupyterlab.labapp
ANALYSIS := $(ANALYSIS),nh3,plutoprint,snakemake.cli

# Small problems run fastest on one thread a process.
export OMP_NUM_THREADS ?= 1

help: ## Show this list
	@echo "Pluralign: from ratings to a report. Usage: make TARGET"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Settings: OUT=FOLDER (where reproduce writes), ARGS=\"--quick\" (options of pluralign reproduce),"
	@echo "          PYTHON=COMMAND (3.12 or newer),"
	@echo "          PARTS=\"PART ...\" (what benchmark measures), SEEDS=FIRST-LAST (what validate simulates)"

setup: $(READY) ## Make the virtual environment .venv from the pinned, hashed lock

$(READY): requirements.lock requirements-setup.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 12))' || \
		{ echo "Pluralign needs Python 3.12 or newer, and '$(PYTHON)' is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..." >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check --require-hashes -r requirements-setup.lock
	@echo "Installing the pinned packages into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@printf '%s\n' $(TRAINING) $(ANALYSIS) | xargs -P 2 -I {} $(BIN)/python -W ignore -c 'import {}'
	@touch $@

reproduce: $(READY) ## Carry out the whole study in miniature and print where the report is
	@$(BIN)/pluralign reproduce --out $(OUT) $(ARGS)

test: $(READY) ## Run the quick tests
	@$(BIN)/python -m pytest -m "not extended"

test-all: test ## Run all tests: the quick ones, then those with a browser, kills, every notebook, R, docs
	@$(BIN)/python -m pytest -m extended

lint: $(READY) ## Check style, docstrings and that notebooks hold no outputs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python .ci/docstrings.py
	@$(BIN)/nbstripout --verify --extra-keys "metadata.papermill cell.metadata.papermill cell.metadata.execution" notebooks/*.ipynb

types: $(READY) ## Check types
	@$(BIN)/mypy

check: lint types test-all ## Everything that the continuous integration runs

docs: $(READY) ## Build the documentation, searchable, without a network
	@$(BIN)/python docs/site/build.py $(ARGS)

screenshots: $(READY) ## Take the documentation's pictures of JupyterLab anew (needs chromium and chromedriver)
	@$(BIN)/python -m tests.browser.screenshots
	@$(BIN)/python -m tests.browser.start_screenshots

benchmark: $(READY) ## Measure speed and memory beside other programs (on an otherwise idle machine)
	@$(BIN)/python -m tests.benchmarks $(PARTS)

validate: $(READY) ## Hold the models against simulated truth: planted effects, and ranks of Bayesian ones
	@$(BIN)/python -m tests.validation --seeds $(SEEDS)

format: $(READY) ## Rewrite the code in the project's style
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

lock: $(READY) ## Resolve pyproject.toml anew into requirements.lock and environment.yml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.12 --no-header \
		--extra report --extra bayes --extra training --extra docs --extra dev pyproject.toml --output-file requirements.lock
	@$(BIN)/python .ci/conda_environment.py > environment.yml

clean: ## Remove the environment and everything that can be made again
	rm -rf $(VENV) reports/output docs/_build .pytest_cache .mypy_cache .ruff_cache dist
