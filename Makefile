# Everything is set up in .venv from requirements.lock: with uv where it is installed, else with pip.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
BOARD := .venv-board
ARM := .venv-arm64

.PHONY: demo test quick planted mutants lint docs android arm64 lock clean

demo: $(STAMP)
	$(BIN)/srgan-edge demo

# Two processes: each has TensorFlow's gigabytes, and a file's tests share what they train.
test: $(STAMP) $(BOARD)/.installed
	$(BIN)/pytest -n 2 --dist loadfile

# What needs no TensorFlow, in a minute on two idle cores.
quick: $(STAMP)
	$(BIN)/pytest -n 2 --dist load --quick

# Faults that tests once missed, planted again, each with the test that sees it.
planted: $(STAMP)
	$(BIN)/python tests/planted_faults.py

# Of each group of modules MUTANTS small faults are planted, 0 for all: do the tests see them?
MUTANTS ?= 20
SEED ?= 0
mutants: $(STAMP)
	$(BIN)/python tests/mutants.py --count $(MUTANTS) --seed $(SEED) $(GROUPS)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

# The documentation as a site, in site/.
docs: $(STAMP)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# The app: JDK 17, Maven, and the Debian packages that build.sh names; .venv has the runtime that it is compared with.
android: $(STAMP)
	android-demo/verify/build.sh

# Hashes are checked; the project itself is installed last, without fetching anything more. uv takes no constraint
# without a hash, and those of pyproject.toml are for the lock alone: hence --no-config.
$(STAMP): requirements.lock pyproject.toml
	@test ! -L .venv || { echo ".venv is a link to another checkout's: remove it, and make sets up one here"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	if command -v uv >/dev/null; then \
	  VIRTUAL_ENV=.venv uv pip install --no-config --require-hashes -r requirements.lock && \
	  VIRTUAL_ENV=.venv uv pip install --no-deps --no-build-isolation -e .; \
	else \
	  $(BIN)/pip install --require-hashes -r requirements.lock && \
	  $(BIN)/pip install --no-deps --no-build-isolation -e .; \
	fi
	touch $@

# tflite-runtime needs NumPy 1, and Python 3.11 at most; without it its tests are skipped.
$(BOARD)/.installed: requirements-board.lock
	$(PYTHON) -m venv --clear $(BOARD)
	if $(BOARD)/bin/python -c 'import sys; sys.exit(sys.version_info >= (3, 12))'; then \
	  $(BOARD)/bin/pip install --require-hashes -r requirements-board.lock; \
	fi
	touch $@

# What tests/runtime/test_boards.py runs under qemu; without it it is skipped.
arm64: $(ARM)/.installed
$(ARM)/.installed: .ci/arm64 requirements.lock | $(STAMP)
	.ci/arm64 $(ARM)
	touch $@

# One lock for every supported Python, without any index address in it.
lock:
	uv pip compile pyproject.toml --group dev --group docs --extra video --extra ray --extra onnx --universal --python-version 3.10 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate -o requirements.lock
	uv pip compile --group board --python-version 3.10 --generate-hashes --no-emit-index-url --no-emit-find-links \
	  --no-annotate -o requirements-board.lock

clean:
	rm -rf .venv $(BOARD) $(ARM) android-demo/verify/target build dist site .pytest_cache .ruff_cache
