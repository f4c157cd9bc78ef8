"""Joins the modules of a script, such as the explorer's, into one module, because a widget has one.

Each module becomes a function that returns what it exports, so names do not collide. Nothing is evaluated at run time,
as ``eval`` would be: pages of JupyterHub forbid it. A module must keep to this form: imports at its top, one a line, as
``import { a, b } from "./file.js";``, and ``export`` before a declaration. The vendored library has its exports at its end.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "static"

STATIC = FOLDER.parents[1] / "static"
"""The modules and style sheets that several widgets use."""

MAIN = FOLDER / "main.js"
"""The module whose default export is the explorer."""

_IMPORT = re.compile(r'^import \{ ([\w, ]+) \} from "((?:\.{1,2}/)+[\w/]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
_DEFAULT = re.compile(r"^export default \{ [\w: ]+ \};\n", re.MULTILINE)
_EXPORTS_AT_END = re.compile(r"export\s*\{([^}]*)\};?\s*\Z")


@cache
def joined_script(main: Path = MAIN) -> str:
    """Return the source of one module with everything. The default export of ``main`` is the widget."""
    modules: dict[Path, str] = {}
    _add(main, modules, main)
    return "\n".join(modules.values())


@cache
def style_sheet(*more: Path) -> str:
    """Return the style sheet of the explorer, and of another widget that uses its parts."""
    files = (STATIC / "widgets.css", FOLDER / "explorer.css", *more)
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def _add(file: Path, modules: dict[Path, str], main: Path) -> None:
    """Add a module after those that it imports."""
    source = file.read_text(encoding="utf-8")
    imported = [(names, (file.parent / other).resolve()) for names, other in _IMPORT.findall(source)]
    for _, other in imported:
        if other not in modules:
            _add(other, modules, main)
    imports = "".join(f"const {{ {names} }} = {_variable(other)};\n" for names, other in imported)
    body = _IMPORT.sub("", source)
    if file == main:
        modules[file] = f"{imports}{body}"
        return
    exports = list(_EXPORT.findall(body))
    body = _DEFAULT.sub("", _EXPORT.sub("", body))
    at_end = _EXPORTS_AT_END.search(body)
    if at_end:
        pairs = [pair.split(" as ") for pair in at_end[1].split(",")]
        exports += [f"{pair[-1].strip()}: {pair[0].strip()}" for pair in pairs]
        body = body[: at_end.start()]
    modules[file] = f"const {_variable(file)} = (() => {{\n{imports}{body}\nreturn {{ {', '.join(exports)} }};\n}})();"


def _variable(file: Path) -> str:
    return f"module_{file.stem}"
