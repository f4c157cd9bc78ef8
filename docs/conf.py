"""How Sphinx builds the documentation: ``make docs``. Nothing is executed and nothing is fetched."""

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
    "mflow_commands",
]
templates_path = ["_templates"]
exclude_patterns = ["_extensions"]

# Notebooks: what they stored is what is shown.
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # nothing is fetched

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

nitpicky = True
nitpick_ignore_regex = [("py:class", ".*")]  # signatures name classes of others, and of the house
autosummary_generate = True
autodoc_typehints_format = "short"
python_use_unqualified_type_names = True
maximum_signature_line_length = 90
add_module_names = False
numpydoc_show_class_members = False  # the template lists them
numpydoc_class_members_toctree = False

html_theme = "pydata_sphinx_theme"
html_title = "mfwidgets"
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
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": {  # not in the tutorial: what cells show wants the width
        page: ["page-toc"] for page in ("howto/*", "reference/**", "differences", "formats", "design", "security")
    },
}
html_sidebars = {page: [] for page in ("index", "differences", "formats", "design", "security")}
copyright = "the mfwidgets maintainers, Apache-2.0"  # noqa: A001 - Sphinx's name

WIDGET = "application/vnd.jupyter.widget-view+json"


def _find_by_short_name(app: Sphinx, env: BuildEnvironment, node: pending_xref, content: Element) -> Element | None:
    """Resolve what docstrings and signatures call by another name than the reference has: the one object that ends in it."""
    if node.get("refdomain") != "py":
        return None
    domain, target, kind = env.domains.python_domain, node["reftarget"], node["reftype"]
    for name in (target, target.rpartition(".")[2]):
        found = domain.find_obj(env, "", "", name, kind, searchmode=1)
        if len(found) == 1:
            entry = found[0][1]
            return make_refnode(app.builder, node["refdoc"], entry.docname, entry.node_id, content, found[0][0])
    return None


def _take_notebooks(app: Sphinx, config: object) -> None:
    """Copy the notebooks into the sources, where Sphinx can find them, without widgets: their static pictures stay."""
    del app, config
    for notebook in sorted((HERE.parent / "notebooks").glob("*.ipynb")):
        content = json.loads(notebook.read_text(encoding="utf-8"))
        for cell in content["cells"]:
            if "outputs" in cell:
                cell["outputs"] = [one for one in cell["outputs"] if WIDGET not in one.get("data", {})]
        copy, text = HERE / "tutorial" / notebook.name, json.dumps(content, ensure_ascii=False)
        if not copy.is_file() or copy.read_text(encoding="utf-8") != text:  # else Sphinx would read it again
            copy.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> None:
    """Tell Sphinx of the functions above."""
    app.connect("missing-reference", _find_by_short_name)
    app.connect("config-inited", _take_notebooks)
