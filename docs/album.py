"""Takes a picture of every display, light and dark, in three widths, and writes them as a page: ``build/album``.

``make pictures`` calls this. The displays are drawn by chromium with the colours of JupyterLab's themes. A display that is
wider than its page, or has text that is hard to read, is named at the end. ``python docs/album.py code grid`` takes only
the displays with these words in their titles.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from browser.contrasts import CONTRASTS
from browser.every_display import DISPLAYS, Display, Watched, example_diff
from browser.themes import THEMES, themed

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ALBUM = Path(__file__).parents[1] / "build" / "album"

WIDTHS = (800, 1300, 2000)

MIN_CONTRAST = 4.5
"""The contrast of text that WCAG 2 demands."""

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>mfwidgets: the album</title><style>
body{{font:15px/1.5 system-ui,sans-serif;margin:24px;background:#888;color:#000}}
nav a{{color:inherit;margin-right:12px}} h2{{margin:40px 0 4px}} h3{{margin:20px 0 4px}}
.pictures{{display:flex;flex-wrap:wrap;gap:12px;align-items:flex-start}} img{{display:block;max-width:100%;height:auto}}
code{{background:#9a9a9a}} details{{margin:4px 0}}
</style></head><body>
<h1>Every display of mfwidgets</h1>
<p>In JupyterLab's light and dark theme, in pages of 800, 1,300 and 2,000 pixels.</p>
<nav>{contents}</nav>
{body}
</body></html>
"""


def main(words: list[str]) -> None:
    """Take the pictures and write the page."""
    from playwright.sync_api import sync_playwright

    chosen = [shown for shown in DISPLAYS if not words or any(word.lower() in shown.title.lower() for word in words)]
    if not words:
        shutil.rmtree(ALBUM, ignore_errors=True)
    ALBUM.mkdir(parents=True, exist_ok=True)
    pages, problems = html_of_displays(chosen), []
    with sync_playwright() as playwright:
        executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for shown in chosen:
            problems += _pictures(chromium, shown, pages[shown])
            print(f"{shown.title}: {len(pages[shown]):,} bytes", flush=True)  # noqa: T201 - a program prints
        chromium.close()
    (ALBUM / "index.html").write_text(_index(), encoding="utf-8")
    print("\n".join([*problems, f"Open {ALBUM / 'index.html'}"]))  # noqa: T201


def _pictures(chromium: "Browser", shown: Display, html: str) -> list[str]:
    """Take the pictures of a display, and return what is wrong with it."""
    problems = [f"{shown.title}: the display failed"] if "Cannot show this object" in html else []
    for theme in THEMES:
        page = chromium.new_page(color_scheme=theme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 60})
            page.set_content(themed(html, theme))
            if "<iframe" in html:
                _wait_for_cards(page)
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                problems.append(f"{shown.title}, {theme}, {width}: {over} pixels wider than the page")
            if width == WIDTHS[0]:
                faint = [f"{text!r} {ratio:.1f}" for _, text, ratio in page.evaluate(CONTRASTS) if ratio < MIN_CONTRAST]
                problems += [f"{shown.title}, {theme}: {', '.join(faint[:3])} is hard to read"] if faint else []
            page.screenshot(path=str(ALBUM / picture_name(shown, theme, width)), full_page=True)
        page.close()
    return problems


def _wait_for_cards(page: Any) -> None:
    """Wait until each card has text. A card draws itself with a script."""
    for frame in page.frames[1:]:
        frame.wait_for_function("document.body && document.body.innerText.trim() !== ''")


def picture_name(shown: Display, theme: str, width: int) -> str:
    """Return the name of a picture's file."""
    words = "".join(char if char.isalnum() else "-" for char in shown.title.lower()).strip("-")
    return f"{words}-{width}-{theme}.png"


def _index() -> str:
    groups = list(dict.fromkeys(shown.group for shown in DISPLAYS))
    contents = " ".join(f'<a href="#{escape(group)}">{escape(group)}</a>' for group in groups)
    body = []
    for group in groups:
        body.append(f'<h2 id="{escape(group)}">{escape(group)}</h2>')
        for shown in (shown for shown in DISPLAYS if shown.group == group):
            body.append(f"<h3>{escape(shown.title)}</h3><code>{escape(shown.code)}</code>")
            for width in WIDTHS:
                names = [picture_name(shown, theme, width) for theme in THEMES]
                images = "".join(f'<img loading="lazy" src="{name}" alt="{escape(shown.title)}">' for name in names)
                is_open = " open" if width == WIDTHS[1] else ""
                body.append(
                    f"<details{is_open}><summary>{width:,} px</summary><div class='pictures'>{images}</div></details>"
                )
    return _PAGE.format(contents=contents, body="\n".join(body))


def html_of_displays(chosen: list[Display]) -> dict[Display, str]:
    """Return the HTML of displays. Runs are prepared where displays need them."""
    from mfwidgets.queries.context import preserve_context

    pages = {}
    for runs in dict.fromkeys(shown.runs for shown in chosen):
        with tempfile.TemporaryDirectory() as folder, _prepared(runs, Path(folder)) as names:
            for shown in chosen:
                if shown.runs == runs:
                    restore = preserve_context()
                    pages[shown] = eval(shown.code, dict(names))._repr_html_()  # noqa: S307 - our own list
                    restore()
    return pages


@contextmanager
def _prepared(runs: str, folder: Path) -> Iterator[dict[str, Any]]:
    """Select the runs, and yield the names for expressions."""
    import mfwidgets
    from mfwidgets.magic.dispatch import run_line

    mfwidgets.options.time_zone = "UTC"
    names = {name: getattr(mfwidgets, name) for name in mfwidgets.__all__} | {
        "mflow": run_line,
        "example_diff": example_diff,
        "Watched": Watched,
    }
    if runs == "sample":
        mfwidgets.sample()
        yield names | {"gone": lambda: _gone(folder), "slow": _Slow}
    elif runs == "tests":
        from corpus import corpus

        made = corpus()
        client = mfwidgets.Metaflow(metadata=f"local@{made.folder}", namespace=None)
        yield names | {"runs": made, "client": client}
    elif runs == "running":
        from running_flow import running_flow

        with running_flow(folder):
            mfwidgets.metadata(f"local@{folder}")
            mfwidgets.namespace(None)
            yield names
    else:
        (folder / ".metaflow").mkdir()
        mfwidgets.metadata(f"local@{folder}")
        yield names


def _gone(folder: Path) -> Any:
    """Return a run that is deleted before it is shown."""
    import mfwidgets

    source = Path(mfwidgets.get_metadata().removeprefix("local@")).expanduser() / ".metaflow" / "HelloFlow"
    shutil.copytree(source, folder / ".metaflow" / "HelloFlow")
    run = mfwidgets.Metaflow(metadata=f"local@{folder}", namespace=None)["HelloFlow"].latest_run
    shutil.rmtree(folder / ".metaflow")
    return run


class _Slow:
    """A display that never answers."""

    def _repr_html_(self) -> str:
        import mfwidgets

        with mfwidgets.options(display_timeout_s=1e-9):
            return mfwidgets.Metaflow()._repr_html_()


if __name__ == "__main__":
    os.environ.setdefault("METAFLOW_USER", "ann")
    main(sys.argv[1:])
