"""Makes foreign text fit to be shown: bounded, on one line where needed, with nothing invisible in it.

Escaping for HTML is not done here: the templates do that, for every text.
"""

import re

_ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PICTURES = {chr(code): chr(0x2400 + code) for code in range(0x20)}
# Marks that reorder or hide what follows them: a name must look like what it is.
_DIRECTIONS = re.compile("[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def escape_control_chars(text: str) -> str:
    """Return text with terminal escapes removed, and control and direction characters made visible."""
    text = _ESCAPES.sub("", text.encode("utf-8", "replace").decode("utf-8"))
    text = _CONTROLS.sub(lambda found: _PICTURES.get(found[0], "\N{REPLACEMENT CHARACTER}"), text)
    return _DIRECTIONS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def single_line(text: str, limit: int) -> str:
    """Return text on one line of at most ``limit`` characters; what is cut ends in an ellipsis."""
    # Cut first: a name may have a million characters.
    text = escape_control_chars(text[: 2 * limit].replace("\r\n", "\n")).replace("\n", "⏎").replace("\t", " ")
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def log_line(text: str, limit: int) -> str:
    """Return a line of a log as a terminal leaves it: after the last carriage return, without escapes."""
    return single_line(text.rstrip("\r").rpartition("\r")[2].replace("\t", "    "), limit)
