# make demo     create an environment, run the quickstart on sample runs, print where the result is
# make test     create an environment, run all tests
# make check    run the linters, and check the links and the code of the documentation
# make docs     build the documentation into build/docs; warnings are errors
# make lab      open the notebooks in JupyterLab
# make bench    measure mfwidgets and Metaflow's own client
# make sample   create the embedded sample runs again, with real Metaflow
# make pictures  take the pictures of the README, and an album of every display, in a real browser
# make notebooks  run the notebooks and store their outputs, after a display changed
# make test-lowest  run the tests without browser, with the lowest allowed versions of the dependencies
# make test-images  run the tests of magic, widgets and displays with the versions of the images of Colab
# make test-arrow  run the tests of values with pyarrow, polars and pillow
# make mutation  mutate the pure modules, print the mutants that no test notices; MUTANTS='mfwidgets.times*' selects
# make release-check  build wheel and source archive, check them, use the wheel in its own environment
# PYTHON=python3.12 VENV=.venv-3.12 selects another Python (3.11.4 or newer).

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: demo test test-lowest test-images test-arrow mutation unit notebooks-test check docs lab bench sample pictures notebooks release-check clean

# One stamp per group of pyproject.toml: `make demo` does not install Metaflow and the test tools.
define installed
$(VENV)/.installed-$(1): pyproject.toml
	@$$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11, 4))" \
	  || { echo "mfwidgets needs Python 3.11.4 or newer; try: make PYTHON=python3.12 $$(MAKECMDGOALS)"; exit 1; }
	@test -x $$(BIN)/python || $$(PYTHON) -m venv $$(VENV)
	$$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$$(BIN)/python -m pip install --quiet --editable . --group $(1)
	@touch $$@
endef
$(foreach group,demo test check docs release lowest mutation,$(eval $(call installed,$(group))))

demo: $(VENV)/.installed-demo
	@mkdir -p build/demo
	$(BIN)/jupyter nbconvert --log-level=ERROR --execute --to notebook --output-dir build/demo notebooks/01_quickstart.ipynb
	$(BIN)/jupyter nbconvert --log-level=ERROR --to html build/demo/01_quickstart.ipynb
	$(BIN)/jupyter nbconvert --log-level=ERROR --to html --theme dark --output 01_quickstart-dark build/demo/01_quickstart.ipynb
	@echo
	@echo "The quickstart ran on the sample runs. Open the result, in the light or the dark theme:"
	@echo "  $(CURDIR)/build/demo/01_quickstart.html"
	@echo "  $(CURDIR)/build/demo/01_quickstart-dark.html"
	@echo "or open it live in JupyterLab:  make lab"

lab: $(VENV)/.installed-demo
	$(BIN)/jupyter lab notebooks

test: unit notebooks-test

# Two processes take half the time. A file stays in one process, because its tests share servers and browsers.
unit: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

notebooks-test: $(VENV)/.installed-test
	@mkdir -p build/ipython/profile_default/startup && cp tests/kernel_startup.py build/ipython/profile_default/startup/
	TZ=UTC IPYTHONDIR="$(CURDIR)/build/ipython" $(BIN)/python -m pytest --nbval --nbval-current-env --nbval-sanitize-with tests/notebooks.cfg notebooks

check: $(VENV)/.installed-check
	$(BIN)/ruff check .
	$(BIN)/ruff check --preview --select PLW1514 mfwidgets release   # open() needs an encoding: Windows has another default
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/python release/prose.py
	$(BIN)/python release/prose.py --commits
	$(BIN)/python -m pytest --quiet tests/documents

docs: $(VENV)/.installed-docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet --jobs auto docs build/docs
	@echo "Open $(CURDIR)/build/docs/index.html"

# Installs the lowest allowed version of each runtime dependency and the newest of each test-only one. The runs under test
# are created again in a separate cache, because one pandas may not read the pickles of another.
test-lowest: $(VENV)/.installed-lowest
	@mkdir -p build
	$(BIN)/uv pip compile --quiet --no-deps --all-extras --resolution lowest-direct -o build/lowest.txt pyproject.toml
	@test -x $(VENV)-lowest/bin/python || $(BIN)/python -m venv $(VENV)-lowest
	$(BIN)/uv pip install --quiet --python $(VENV)-lowest --constraint build/lowest.txt --editable . --group test
	XDG_CACHE_HOME="$(CURDIR)/build/lowest-cache" $(VENV)-lowest/bin/python -m pytest -m "not browser"

# Installs the versions of the images of Colab: old ones of IPython, ipywidgets and pandas. ipywidgets 7 itself uses what
# traitlets deprecates.
test-images: $(VENV)/.installed-lowest
	@test -x $(VENV)-images/bin/python || $(BIN)/python -m venv $(VENV)-images
	$(BIN)/uv pip install --quiet --python $(VENV)-images --constraint tests/images.txt --editable . --group test
	$(VENV)-images/bin/python -m pytest -m "not browser" -W "ignore:Deprecated in traitlets 4.1:DeprecationWarning" \
	  tests/magic tests/widgets tests/views tests/test_metaflow_displays.py tests/test_package.py tests/test_public_names.py \
	  tests/test_tables.py

# Installs pyarrow, polars and pillow in a separate environment, where pandas keeps strings in pyarrow. Runs the tests of
# values that need no runs of Metaflow.
test-arrow:
	@test -x $(VENV)-arrow/bin/python || $(PYTHON) -m venv $(VENV)-arrow
	$(VENV)-arrow/bin/python -m pip install --quiet --upgrade "pip>=25.1"
	$(VENV)-arrow/bin/python -m pip install --quiet --editable . --group arrow
	$(VENV)-arrow/bin/python -m pytest tests/pickles tests/queries/test_preview.py tests/test_described_values.py \
	  tests/test_json_values.py tests/test_odd_values.py tests/test_tables.py

# Runs for each mutant the pure tests that reach it. `mutmut show NAME` shows a mutant.
mutation: $(VENV)/.installed-mutation
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/mutmut run $(MUTANTS)
	$(BIN)/mutmut results

release-check: $(VENV)/.installed-release
	rm -rf build/dist
	$(BIN)/python -m build --outdir build/dist .
	$(BIN)/twine check --strict build/dist/*
	$(BIN)/python release/check.py build/dist

bench: $(VENV)/.installed-test
	PYTHONPATH=tests $(BIN)/python benchmarks/run.py
	PYTHONPATH=tests $(BIN)/python benchmarks/remembered.py
	PYTHONPATH=tests $(BIN)/python benchmarks/crowded.py
	PYTHONPATH=tests $(BIN)/python benchmarks/wide_runs.py
	PYTHONPATH=tests $(BIN)/python benchmarks/metadata_service.py
	PYTHONPATH=tests $(BIN)/python benchmarks/service_questions.py
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
	PYTHONPATH=tests $(BIN)/python docs/album.py
	PYTHONPATH=tests $(BIN)/python docs/pictures.py

clean:
	rm -rf $(VENV) $(VENV)-lowest $(VENV)-images $(VENV)-arrow build docs/reference/generated docs/tutorial/*.ipynb
