# Two commands do everything: `make demo` restores the sample photo, `make test` runs every check.
PYTHON ?= python3
BIN := .venv/bin
# Tests that run at the same time.
AT_ONCE ?= 3

.PHONY: demo test lock pictures clean

.venv/ready: requirements/all.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/all.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: .venv/ready
	$(BIN)/python -m samples.demo

test: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache --no-logo
	$(BIN)/python -m pytest -n $(AT_ONCE) --dist worksteal

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
  --no-emit-index-url --no-emit-find-links --extra all pyproject.toml

# runtime.txt is what an image needs, of the same versions.
lock:
	$(COMPILE) --group dev requirements/build.in -o requirements/all.txt
	$(COMPILE) --constraints requirements/all.txt -o requirements/runtime.txt

clean:
	rm -rf .venv demo_output
