"""Sphinx configuration, used by ``make docs``. The build executes nothing and fetches nothing."""

import json
import sys
from pathlib import Path

from docutils.nodes import Element
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.nodes import make_refnode

import mfwidgets

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_extensions"))

project = "mfwidgets"
author = "The mfwidgets maintainers"
version = release = mfwidgets.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
    "browser_page",
    "mflow_commands",
]
templates_path = ["_templates"]
exclude_patterns = ["_extensions"]

# Notebooks are shown as stored.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # fetch nothing

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nitpicky = True
nitpick_ignore_regex = [("py:class", ".*")]  # signatures name classes of other packages and internal ones
autosummary_generate = True
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 90
add_module_names = False
numpydoc_show_class_members = False  # the template lists them
numpydoc_class_members_toctree = False

smartquotes = False  # a reader searches for the apostrophe of the keyboard

html_theme = "pydata_sphinx_theme"
html_title = "mfwidgets"
html_search_scorer = str(HERE / "search_scorer.js")
html_static_path = ["_static"]
html_css_files = ["mfwidgets-docs.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_nav_level": 2,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": {  # not in the tutorial: outputs of cells need the width
        page: ["page-toc"]
        for page in ("howto/*", "reference/**", "differences", "formats", "design", "limits", "security")
    },
}
html_sidebars = {page: [] for page in ("index", "browser", "differences", "formats", "design", "limits", "security")}
copyright = "the mfwidgets maintainers, Apache-2.0"  # noqa: A001 - the name that Sphinx reads

WIDGET = "application/vnd.jupyter.widget-view+json"


def _find_by_short_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Element) -> Element | None:
    """Resolve short names in docstrings and signatures, if exactly one documented object ends with that name."""
    if node.get("refdomain") != "py":
        return None
    domain, target, kind = env.domains.python_domain, node["reftarget"], node["reftype"]
    for name in (target, target.rpartition(".")[2]):
        matches = domain.find_obj(env, "", "", name, kind, searchmode=1)
        if len(matches) == 1:
            full_name, entry = matches[0]
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, full_name)
    return None


def _copy_notebooks(app: Sphinx, config: object) -> None:
    """Copy the notebooks to where Sphinx finds them, without widget outputs. Static pictures stay."""
    del app, config
    for notebook in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        content = json.loads(notebook.read_text(encoding="utf-8"))
        for cell in content["cells"]:
            if "outputs" in cell:
                cell["outputs"] = [output for output in cell["outputs"] if WIDGET not in output.get("data", {})]
        copy, text = HERE / "tutorial" / notebook.name, json.dumps(content, ensure_ascii=False)
        if not copy.is_file() or copy.read_text(encoding="utf-8") != text:  # an unchanged file is not read again
            copy.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Register the functions above."""
    app.connect("missing-reference", _find_by_short_name)
    app.connect("config-inited", _copy_notebooks)
