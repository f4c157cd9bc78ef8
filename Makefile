# make demo     environment, install, the quickstart run on embedded sample runs; prints where to look
# make test     environment, install, all tests
# make check    the linters, and the links and the code of the documents
# make docs     the documentation, into build/docs; a warning is an error
# make lab      the notebooks, live in JupyterLab
# make bench    measured against Metaflow's own client
# make sample   makes the embedded sample runs anew, with real Metaflow
# make pictures  takes the pictures of the README in a real browser
# make notebooks  runs the notebooks and keeps their outputs, after a change of what is shown
# make test-lowest  the tests without the browser, with the lowest versions of the dependencies that are allowed
# make release-check  builds wheel and archive, checks them, and uses the wheel in an environment of its own
# PYTHON=python3.12 VENV=.venv-3.12 chooses another Python (3.11.4 or newer).

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test test-lowest unit notebooks-test check docs lab bench sample pictures notebooks release-check clean

# One stamp for each group of pyproject.toml, so that the demo installs neither Metaflow nor the test tools.
define installed
$(VENV)/.installed-$(1): pyproject.toml
	@$$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11, 4))" \
	  || { echo "mfwidgets needs Python 3.11.4 or newer; try: make PYTHON=python3.12 $$(MAKECMDGOALS)"; exit 1; }
	@test -x $$(BIN)/python || $$(PYTHON) -m venv $$(VENV)
	$$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$$(BIN)/python -m pip install --quiet --editable . --group $(1)
	@touch $$@
endef
$(foreach group,demo test check docs release lowest,$(eval $(call installed,$(group))))

demo: $(VENV)/.installed-demo
	@mkdir -p build/demo
	$(BIN)/jupyter nbconvert --log-level=ERROR --execute --to html --output-dir build/demo notebooks/01_quickstart.ipynb
	@echo
	@echo "The quickstart has run on the embedded sample runs. Look at it:"
	@echo "  $(CURDIR)/build/demo/01_quickstart.html"
	@echo "or open it live in JupyterLab:  make lab"

lab: $(VENV)/.installed-demo
	$(BIN)/jupyter lab notebooks

test: unit notebooks-test

unit: $(VENV)/.installed-test
	$(BIN)/python -m pytest

notebooks-test: $(VENV)/.installed-test
	TZ=UTC $(BIN)/python -m pytest --nbval --nbval-current-env --nbval-sanitize-with tests/notebooks.cfg notebooks

check: $(VENV)/.installed-check
	$(BIN)/ruff check .
	$(BIN)/ruff check --preview --select PLW1514 mfwidgets release   # encodings are said: Windows has others
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python -m pytest --quiet tests/documents

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto docs build/docs
	@echo "Look at $(CURDIR)/build/docs/index.html"

# Of the dependencies that users install the lowest; what only the tests use is the newest. The runs under test are made
# anew, in a cache of their own: what one pandas pickled another may not read.
test-lowest: $(VENV)/.installed-lowest
	@mkdir -p build
	$(BIN)/uv pip compile --quiet --no-deps --all-extras --resolution lowest-direct -o build/lowest.txt pyproject.toml
	@test -x $(VENV)-lowest/bin/python || $(BIN)/python -m venv $(VENV)-lowest
	$(BIN)/uv pip install --quiet --python $(VENV)-lowest --constraint build/lowest.txt --editable . --group test
	XDG_CACHE_HOME="$(CURDIR)/build/lowest-cache" $(VENV)-lowest/bin/python -m pytest -m "not browser"

release-check: $(VENV)/.installed-release
	rm -rf build/dist
	$(BIN)/python -m build --outdir build/dist .
	$(BIN)/twine check --strict build/dist/*
	$(BIN)/python release/check.py build/dist

bench: $(VENV)/.installed-test
	PYTHONPATH=tests $(BIN)/python benchmarks/run.py
	PYTHONPATH=tests $(BIN)/python benchmarks/metadata_service.py
	PYTHONPATH=tests $(BIN)/python benchmarks/artifacts_on_s3.py
	PYTHONPATH=tests $(BIN)/python benchmarks/display.py
	PYTHONPATH=tests $(BIN)/python benchmarks/explorers.py

sample: $(VENV)/.installed-test
	$(BIN)/python notebooks/flows/make_sample.py

notebooks: $(VENV)/.installed-test
	TZ=UTC $(BIN)/jupyter nbconvert --log-level=ERROR --execute --ExecutePreprocessor.record_timing=False \
	  --ExecutePreprocessor.store_widget_state=False \
	  --to notebook --inplace notebooks/*.ipynb

pictures: $(VENV)/.installed-test
	PYTHONPATH=tests $(BIN)/python docs/pictures.py

clean:
	rm -rf $(VENV) $(VENV)-lowest build docs/reference/generated docs/tutorial/*.ipynb
