# make demo     the whole study at small scale on a laptop CPU, ending in tables, figures, report
# make real     the demo's models on the three published microscopy images
# make study    the paper's study on two cores, in hours; type it again to go on after a stop
# make app      the web app: segment your own images in the browser
# make weights  train the bundled model anew
# make test     the test suite, a small run of the whole workflow included
# make coverage  how much of the library the unit tests run
# make test-faults  kills, damage, full disks, wrong files (docs/faults.md says how to make it longer)
# make test-slurm  the cluster profile on a one-node SLURM (root; installs Debian's packages)
# make lint     formatting and linting of code and workflow
# make docs     the documentation site, into site/
# make release VERSION=0.2.0  wheel and source archive in dist/, tried in an empty environment
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
CORES ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
READY := $(VENV)/.ready
SNAKEMAKE := $(BIN)/snakemake --logger synthwire --cores $(CORES)
SIDE_BY_SIDE := $(BIN)/python -m pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder

.PHONY: demo real study app weights test coverage test-faults test-slurm lint docs release install clean
.DEFAULT_GOAL := demo

install: $(READY)

$(READY): envs/lock.txt envs/install_detectron2.py envs/detectron2-0.6/pyproject.toml envs/detectron2-0.6/requirement.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "synthwire: $(PYTHON) is not on the PATH; install Python 3.11 or name another with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "synthwire: $(PYTHON) is not Python 3.11, which the lock is made for"; exit 1; }
	@echo "Installing the pinned packages into $(VENV) (about 6 GB, a few minutes) ..."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-deps --require-hashes --requirement envs/lock.txt
	$(BIN)/python envs/install_detectron2.py
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)
	@$(SNAKEMAKE) all --configfile config/demo.yaml
	@$(BIN)/synthwire summary results/demo

real: $(READY)
	@$(SNAKEMAKE) all --configfile config/demo.yaml config/real.yaml
	@$(BIN)/synthwire summary results/real

study: $(READY)
	@$(SNAKEMAKE) all --configfile config/laptop.yaml
	@$(BIN)/synthwire summary results/study

app: $(READY)
	@$(BIN)/synthwire app

weights: $(READY)
	@$(SNAKEMAKE) results/straight/models/12/model_final.pth --configfile config/demo.yaml config/straight.yaml
	@$(SNAKEMAKE) results/bundled_first/models/small/model_final.pth --configfile config/bundled.yaml config/bundled_first.yaml
	@$(SNAKEMAKE) weights --configfile config/bundled.yaml
	@cp results/bundled/bundled/* results/bundled/bundled_rescoring.json workflow/synthwire/learning/bundled/
	@$(BIN)/synthwire export-model bundled

test: $(READY)
	$(SIDE_BY_SIDE) tests/workflow tests/app tests/unit

coverage: $(READY)
	$(BIN)/python -m pytest tests/unit --cov=synthwire --cov-report=term:skip-covered

test-faults: $(READY)
	$(SIDE_BY_SIDE) tests/faults

test-slurm: $(READY)
	$(BIN)/python -m pytest tests/slurm

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/snakefmt --check Snakefile rules workflow/Snakefile
	$(BIN)/snakemake --lint
	$(BIN)/snakemake --lint --configfile config/demo.yaml

docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

release: $(READY)
	$(BIN)/python envs/release.py $(VERSION)

clean:
	rm -rf $(VENV) .snakemake
