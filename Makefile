PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
QUIETLY := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE

.PHONY: setup demo test test-all check docs wheel bare bench clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	touch $@

demo: setup
	$(BIN)/warmstart demo

# a process per core, each computing with one thread: two would wait for each other; a file at a time,
# so that what its tests share is made once
test: setup
	$(QUIETLY) $(BIN)/pytest -q -n auto --dist loadfile

# every architecture and every trial, in both number types that a frozen body may have
test-all: setup
	for precision in f32 bf16; do \
		WARMSTART_PRECISION=$$precision $(QUIETLY) $(BIN)/pytest -q -n auto --dist loadfile -m "" --hypothesis-profile=ci || exit 1; \
	done

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# every warning is an error (with --quiet none would be seen); the pages lie in build/site, and open from disk
docs: setup
	$(BIN)/mkdocs build --strict

# the same bytes whenever and wherever it is built
wheel: setup
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	cd dist && sha256sum *

# what a newcomer does: the wheel in an environment that has nothing, then the demo
bare: wheel
	rm -rf build/bare build/bare-demo
	$(PYTHON) -m venv build/bare
	build/bare/bin/pip install -q dist/*.whl
	build/bare/bin/warmstart demo --out build/bare-demo

bench: setup
	for script in prefix_speed head_epoch train_command store lr_suggestion grid_search finetune_speed thawed_memory \
			views_epochs few_images interval_coverage calibration prediction_sets unknown jpeg_decoders new_decoder planted_faults bn_after_thawing files_on_the_way recipe race learning_curve busy_solver imports predict_many serve_load large_table check_data world_sizes cluster same_results deaths scale_model; do \
		$(BIN)/python benchmarks/$$script.py || exit 1; \
	done
	@echo "on a GPU: $(BIN)/python benchmarks/gpu.py && $(BIN)/python benchmarks/gpu_laws.py"
	@echo "against fastai: FASTAI_PYTHON=/path/to/its/python $(BIN)/python benchmarks/against_fastai.py"
	@echo "against cleanlab: $(BIN)/pip install cleanlab && $(BIN)/python benchmarks/wrong_labels.py"
	@echo "against an older version: WARMSTART_BEFORE=/path/to/a/checkout $(BIN)/python benchmarks/few_photos.py (or decoding.py)"

clean:
	rm -rf $(VENV) build dist
