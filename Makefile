PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test check bench clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $@

demo: setup
	$(BIN)/warmstart demo

test: setup
	$(BIN)/pytest -q

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	for script in prefix_speed head_epoch train_command store lr_suggestion grid_search finetune_speed \
			views_epochs few_images interval_coverage calibration unknown planted_faults bn_after_thawing recipe; do \
		$(BIN)/python benchmarks/$$script.py || exit 1; \
	done
	@echo "against fastai: FASTAI_PYTHON=/path/to/its/python $(BIN)/python benchmarks/against_fastai.py"
	@echo "against an older version: WARMSTART_BEFORE=/path/to/a/checkout $(BIN)/python benchmarks/few_photos.py"

clean:
	rm -rf $(VENV) build dist
