"""The visible text of a card, for readers that cannot show HTML. One pass, linear in the length of the page."""

import html
import re

MAX_PAGE_CHARS = 4_000_000
"""The rest of a longer page is not read."""

_HIDDEN_ENDS = {
    name: re.compile(rf"</{name}[^>]{{0,100}}>", re.IGNORECASE) for name in ("script", "style", "template", "svg")
}
"""Elements whose content nobody sees, or that are pictures, with the pattern of their end."""

_NAME = re.compile(r"<([A-Za-z]{1,20})")

_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")


def card_text(page: str) -> str:
    """Return the text between the tags, without scripts, styles and comments. What follows an open tag is left out."""
    page = page[:MAX_PAGE_CHARS]
    pieces: list[str] = []
    at = 0
    while (start := page.find("<", at)) >= 0:
        pieces.append(page[at:start])
        end = _end_of_tag(page, start)
        if end < 0:
            at = len(page)
            break
        pieces.append("\n")
        at = end
    pieces.append(page[at:])
    lines = (_BLANKS.sub(" ", line).strip() for line in html.unescape("".join(pieces)).split("\n"))
    return "\n".join(filter(None, lines))


def _end_of_tag(page: str, start: int) -> int:
    """Return the position after a tag, a comment, or an element that is not shown. -1 if it does not end."""
    if page.startswith("<!--", start):
        end = page.find("-->", start + 4)
        return end + 3 if end >= 0 else -1
    name = _NAME.match(page, start)
    hidden = _HIDDEN_ENDS.get(name[1].lower()) if name else None
    if hidden:
        found = hidden.search(page, start)
        return found.end() if found else -1
    end = page.find(">", start)
    return end + 1 if end >= 0 else -1
