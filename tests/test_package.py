"""The package: the modules that it imports, and its public names."""

import os
import pkgutil
import subprocess
import sys

import pytest

import mfwidgets

HEAVY = ["pandas", "ipywidgets", "IPython", "requests", "jinja2", "metaflow", "numpy", "anywidget"]


def loaded_after(code: str) -> set[str]:
    program = f"import sys; {code}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(run.stdout.splitlines()[-1].split())


def test_importing_loads_nothing_heavy():
    assert not loaded_after("import mfwidgets").intersection(HEAVY)


def test_reading_runs_loads_neither_pandas_nor_rendering(runs):
    code = f"import mfwidgets as m; m.metadata({str(runs.folder)!r}); m.namespace(None); m.Flow('LinearFlow').latest_run.status"
    assert not loaded_after(code).intersection(HEAVY)


def test_showing_loads_neither_pandas_nor_metaflow(runs):
    code = f"import mfwidgets as m; m.metadata({str(runs.folder)!r}); m.namespace(None); m.Metaflow()._repr_html_()"
    assert not loaded_after(code).intersection({"pandas", "metaflow", "ipywidgets", "requests", "IPython"})


def test_showing_a_local_run_does_not_import_the_code_for_clouds(runs):
    program = (
        f"import sys, mfwidgets as m; m.metadata({str(runs.folder)!r}); m.namespace(None); "
        "m.Flow('LinearFlow').latest_run._repr_mimebundle_(); print('mfwidgets.datastore.cloud' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "False"


FIRST_RUN = """
import sys, mfwidgets
from mfwidgets.render import html
mfwidgets.Metaflow(metadata=sys.argv[1], namespace=None).get(sys.argv[2])._repr_mimebundle_()
print(*sorted(name for name in sys.modules if name.startswith("mfwidgets.views.")))
print(*sorted(name for _, name in html._environment().cache.keys()))
lexers = sys.modules["pygments.lexers.python"]
print("tomllib" in sys.modules, "_tokens" in vars(lexers.PythonLexer))
"""


def test_the_display_of_a_run_imports_no_other_views_and_compiles_no_other_templates(runs):
    command = [sys.executable, "-c", FIRST_RUN, str(runs.folder), runs["linear"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    modules, templates, others_made = done.stdout.splitlines()
    others = {
        "cards",
        "code",
        "collections",
        "flows",
        "grid",
        "plots",
        "run_table",
        "step",
        "sweep",
        "sweep_table",
        "task",
    }
    assert not {f"mfwidgets.views.{name}" for name in others} & set(modules.split())
    names = ["cell.html.j2", "mfwidgets.css", "step_map.css", "step_map.html.j2", "svg_text.j2", "view.html.j2"]
    assert templates.split() == names
    assert others_made == "False False"  # the patterns of a lexer take five times as long as its import


LOADING = """
import sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(sys.modules)
shell.run_line_magic("load_ext", "mfwidgets")
print(*sorted(name for name in sys.modules if name.startswith("mfwidgets.")))
shell.run_line_magic("mflow", "LinearFlow/latest")._repr_mimebundle_()
print(*sorted(set(sys.modules) - before))
"""


def test_loading_the_extension_imports_a_few_small_modules(runs):
    environment = os.environ | {"METAFLOW_USER": "ann", "METAFLOW_HOME": str(runs.folder / "home")}
    done = subprocess.run(
        [sys.executable, "-c", LOADING], cwd=runs.folder, env=environment, capture_output=True, text=True, check=True
    )
    loaded, shown = (set(line.split()) for line in done.stdout.splitlines()[-2:])
    assert loaded == {
        "mfwidgets.display",
        "mfwidgets.first_import",
        "mfwidgets.magic",
        "mfwidgets.magic.ipython_extension",
        "mfwidgets.magic.matcher",
        "mfwidgets.magic.terminal",
        "mfwidgets.metaflow_displays",
    }
    # The display of a local run needs neither a service nor frames.
    others = {
        "mfwidgets.providers.service",
        "mfwidgets.providers.service_http",
        "mfwidgets.pickles.previews.pandas_frames",
    }
    assert not shown & {*others, "http.cookiejar", "wcwidth", "pandas", "numpy", "requests"}


IN_TIME = """
from mfwidgets import concurrency
from mfwidgets.views import show
def watched(seconds, work):
    before = set(sys.modules)
    shown = concurrency.call_with_timeout(60, work)
    print(*sorted(set(sys.modules) - before))
    return shown
show.call_with_timeout = watched
"""


@pytest.mark.parametrize(
    "shown",
    ["few", "client['LinearFlow']", "run", "run['start']", "client.get({failing!r})", "client.get({packed!r}).code"],
)
def test_a_display_imports_before_its_timeout_starts(shown, runs, own_runs):
    # The display of all flows reads results. Those of other flows need numpy.
    few = f"mfwidgets.Metaflow(metadata={str(own_runs.folder)!r}, namespace=None)"
    shown = shown.format(failing=runs["failing"], packed=runs["packed"])
    program = (
        f"import sys, mfwidgets\nclient = mfwidgets.Metaflow(metadata={str(runs.folder)!r}, namespace=None)\n"
        f"few = {few}\nrun = client.get({runs['linear']!r})\nshown = {shown}\n{IN_TIME}\nprint(len(show.mimebundle(shown)))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["", "2"]


def test_all_is_sorted_and_complete():
    assert mfwidgets.__all__ == sorted(mfwidgets.__all__)
    functions_here = {"load_ipython_extension", "unload_ipython_extension"}
    assert set(mfwidgets.__all__) == set(mfwidgets._HOMES) | functions_here


@pytest.mark.parametrize("name", mfwidgets.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    assert getattr(mfwidgets, name).__doc__
    assert name in dir(mfwidgets)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Rum'"):
        _ = mfwidgets.Rum


def test_no_module_shadows_a_public_function():
    modules = {module.name for module in pkgutil.iter_modules(mfwidgets.__path__)}
    assert not modules & set(mfwidgets.__all__)
    planned = {"metadata", "compare", "explore", "watch", "sample", "options"}
    assert not modules & planned
