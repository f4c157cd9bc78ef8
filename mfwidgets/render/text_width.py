"""The width of text in columns of a terminal or of a monospaced font.

Most text consists of characters that are one column wide. Only other text needs the tables of wcwidth, which take 10 ms to
import.
"""

_MARKS = "\N{EN DASH}—≈…│─├└✓✗▶⏎▁▂▃▄▅▆▇█░▒▓●○╭╮╯╰┤┬┴┼"

_SOFT_HYPHEN = 0xAD
_LATIN = (*range(ord(" "), ord("~") + 1), *(code for code in range(0xA1, 0x180) if code != _SOFT_HYPHEN))

ONE_COLUMN = frozenset((*map(chr, _LATIN), *_MARKS))
"""Plain text, Latin letters with accents, and our own marks. Each is one column wide, and none changes its neighbour."""


def width(text: str) -> int:
    """Return the number of columns that text takes."""
    if ONE_COLUMN.issuperset(text):
        return len(text)
    import wcwidth

    return wcwidth.width(text)


def ljust(text: str, columns: int) -> str:
    """Return text with blanks on the right."""
    return text + " " * (columns - width(text))


def rjust(text: str, columns: int) -> str:
    """Return text with blanks on the left."""
    return " " * (columns - width(text)) + text


def clip(text: str, columns: int) -> str:
    """Return the beginning of the text, at most this many columns."""
    if ONE_COLUMN.issuperset(text):
        return text[:columns]
    import wcwidth

    return wcwidth.clip(text, 0, columns)
