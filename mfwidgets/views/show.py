"""Shows any object within bounds: it takes two seconds and 64 KB at most, and it never raises."""

import threading
from collections.abc import Callable

from mfwidgets.errors import MetaflowException
from mfwidgets.render.clean import one_line
from mfwidgets.render.html import html_of
from mfwidgets.render.text import text_of
from mfwidgets.render.view import View
from mfwidgets.views import cards, collections, comparison, lineage, log, objects, why  # noqa: F401 - they register what they describe
from mfwidgets.views import run as _run  # noqa: F401 - as above
from mfwidgets.views.cells import Limits
from mfwidgets.views.describe import describe

SECONDS = 2.0
"""A display that takes longer is given up: a cell must not hang because a disk or a service does."""

BYTES = 64_000
"""A display that is larger is drawn again, with less in it."""

_STEPS = (Limits(), Limits(rows=12, chars=80, tags=3), Limits(rows=4, chars=40, tags=1))


def bundle(shown: object, seconds: float = SECONDS) -> dict[str, str]:
    """Return how an object is shown, as ``text/plain`` and ``text/html``, from one look at its provider.

    Whatever goes wrong is told in the display itself, under the object's name.
    """
    try:
        return within(seconds, lambda: drawn(shown))
    except TimeoutError:
        trouble = (
            f"This took longer than {seconds:g} s and was given up. The object itself works: ask it, or try again."
        )
    except MetaflowException as error:
        trouble = str(error)
    except Exception as error:  # noqa: BLE001 - a display that raises hides the object; the text names the error
        trouble = f"This cannot be shown: {type(error).__name__}: {error}"
    return _both(View(type(shown).__name__, one_line(repr(shown), 200), notes=(one_line(trouble, 1000),)))


def within(seconds: float, work: Callable[[], dict[str, str]]) -> dict[str, str]:
    """Run ``work`` in a thread of its own, and wait for it no longer than ``seconds``.

    Only the waiting ends; reads that hang cannot be stopped from outside, and end with the process.

    Raises
    ------
    TimeoutError
        It did not end in time.
    """
    results: list[dict[str, str]] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that waits
            errors.append(error)

    thread = threading.Thread(target=run, name="mfwidgets-show", daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError
    return results[0]


def drawn(shown: object) -> dict[str, str]:
    """Draw with as much as fits."""
    drawn: dict[str, str] = {}
    for limits in _STEPS:
        drawn = _both(describe(shown, limits))
        if len(drawn["text/html"].encode()) <= BYTES:
            break
    return drawn


def _both(view: View) -> dict[str, str]:
    return {"text/plain": text_of(view), "text/html": html_of(view)}
