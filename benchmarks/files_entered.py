"""Counts the Python files of mfwidgets that run for a magic line with HTML, a DataFrame of runs, and a click in an explorer.

A file counts if one of its functions is called. Importing it does not count: a reader must follow only the code that runs.
"""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import mfwidgets

ROOT = Path(mfwidgets.__file__).parent


def files_entered(journey: Callable[[], object]) -> list[str]:
    """Return the files whose functions a journey calls, in any thread."""
    entered: set[str] = set()

    def profile(frame, event, _):
        if event == "call" and frame.f_code.co_name not in ("<module>", "<lambda>") and not _is_class_body(frame):
            entered.add(frame.f_code.co_filename)

    threading.setprofile_all_threads(profile) if hasattr(threading, "setprofile_all_threads") else threading.setprofile(
        profile
    )
    sys.setprofile(profile)
    try:
        journey()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    return sorted(
        str(Path(name).relative_to(ROOT)) for name in entered if name.startswith(str(ROOT)) and name.endswith(".py")
    )


def _is_class_body(frame) -> bool:
    return frame.f_locals is not frame.f_globals and "__module__" in frame.f_locals and "__qualname__" in frame.f_locals


def journeys() -> dict[str, Callable[[], object]]:
    """Return the three journeys. They read the embedded sample."""
    from mfwidgets.magic.dispatch import run_line

    mfwidgets.sample()
    flow = "ForecastFlow"

    def click() -> None:
        explorer = mfwidgets.explore(flow)
        explorer.wait(60)
        explorer.choose(f"{flow}/{mfwidgets.Flow(flow).latest_run.id}")
        explorer.wait(60)

    return {
        "magic to HTML": lambda: run_line(f"{flow}/latest")._repr_mimebundle_(),
        "frame of runs": lambda: mfwidgets.Flow(flow).runs().to_pandas(),
        "click in an explorer": click,
    }


if __name__ == "__main__":
    for name, journey in journeys().items():
        files = files_entered(journey)
        print(f"{name}: {len(files)} files")
        if "--list" in sys.argv:
            print("  " + "\n  ".join(files))
