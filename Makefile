# Everything is set up in .venv from requirements.lock: with uv where it is installed, else with pip.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test lint lock clean

demo: $(STAMP)
	$(BIN)/srgan-edge demo

test: $(STAMP)
	$(BIN)/pytest

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

# Hashes are checked; the project itself is installed last, without fetching anything more.
$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	if command -v uv >/dev/null; then \
	  VIRTUAL_ENV=.venv uv pip install --require-hashes -r requirements.lock && \
	  VIRTUAL_ENV=.venv uv pip install --no-deps --no-build-isolation -e .; \
	else \
	  $(BIN)/pip install --require-hashes -r requirements.lock && \
	  $(BIN)/pip install --no-deps --no-build-isolation -e .; \
	fi
	touch $@

# One lock for every supported Python, without any index address in it.
lock:
	uv pip compile pyproject.toml --group dev --extra video --extra convert --universal --python-version 3.10 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate -o requirements.lock

clean:
	rm -rf .venv build dist .pytest_cache .ruff_cache
