PYTHON ?= python3
BIN := .venv/bin
DEMO ?= en
export HF_HUB_OFFLINE := 1
export HF_EVALUATE_OFFLINE := 1
export HF_HUB_DISABLE_TELEMETRY := 1
export TOKENIZERS_PARALLELISM := false

.PHONY: demo results test test-slow test-browser docs quality format clean

.venv.stamp: setup.py constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	touch $@

.venv.app.stamp: .venv.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[app,browser]'
	touch $@

.venv.docs.stamp: .venv.app.stamp
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@

# make demo DEMO=zh for the Chinese corpus
demo: .venv.stamp
	$(BIN)/hf-cfgen run --dataset demo:$(DEMO) --control true --output_dir runs/demo-$(DEMO)

# docs/results.md, and the tables of README.md and docs/, from the results in experiments/results/
results: .venv.stamp
	mkdir -p runs
	$(BIN)/hf-cfgen report experiments/results --notes experiments/notes.txt --output runs/results.html --markdown docs/results.md
	$(BIN)/python scripts/update_readme.py

test: .venv.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile -m "not slow and not browser and not docs"

test-slow: .venv.stamp
	OMP_NUM_THREADS=1 $(BIN)/pytest -m slow

test-browser: .venv.app.stamp
	command -v chromium || { apt-get update -qq && apt-get install -qq chromium fonts-noto-cjk; }
	OMP_NUM_THREADS=1 $(BIN)/pytest -m browser

# the pages in site/, and every code block of README.md and docs/ run
docs: .venv.docs.stamp
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -m docs tests

quality: .venv.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv.stamp
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv .venv.stamp .venv.app.stamp .venv.docs.stamp runs site build dist *.egg-info
