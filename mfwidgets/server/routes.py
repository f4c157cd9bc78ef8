"""The route of the extension. Requests are authenticated and answered in threads."""

import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from mfwidgets.concurrency import in_background
from mfwidgets.deadline import Deadline
from mfwidgets.errors import (
    DeadlineExceeded,
    InvalidSelector,
    MetaflowException,
    MetaflowInvalidArgument,
    MetaflowInvalidPathspec,
    MetaflowNotFound,
    MetaflowUnknownUser,
    ServiceException,
)

if TYPE_CHECKING:
    from concurrent.futures import Future

TIMEOUT_S = 60.0
"""The time limit of a request. Then its thread stops before its next request to the provider."""

MAX_THREADS, MAX_THREADS_PER_FOLDER = 16, 3
"""Requests that are answered at once. A folder that hangs, such as a dead network file system, must not block others."""

MAX_OFFSET = 10_000_000
"""Nobody pages further."""

_MAX_DIGITS = 18

_STATUSES: tuple[tuple[type[MetaflowException], int], ...] = (
    (MetaflowNotFound, 404),
    (MetaflowInvalidPathspec, 400),
    (MetaflowInvalidArgument, 400),
    (InvalidSelector, 400),
    (MetaflowUnknownUser, 400),
    (ServiceException, 502),
    (DeadlineExceeded, 504),
)


class FolderThreads:
    """Daemon threads with a share for each folder. They do not keep the server from stopping."""

    def __init__(self) -> None:
        self._running: Counter[Path] = Counter()
        self._lock = threading.Lock()

    def submit(self, folder: Path, work: Callable[[], dict[str, Any]]) -> "Future[dict[str, Any]] | None":
        """Run work in a thread. Return None if the folder has its share of threads, or all are busy."""
        with self._lock:
            if self._running[folder] >= MAX_THREADS_PER_FOLDER or self._running.total() >= MAX_THREADS:
                return None
            self._running[folder] += 1
        future = in_background(work, "server")
        future.add_done_callback(lambda _: self._done(folder))
        return future

    def _done(self, folder: Path) -> None:
        with self._lock:
            self._running[folder] -= 1
            self._running += Counter()  # removes folders without threads


_THREADS = FolderThreads()


def add_routes(web_app: web.Application) -> None:
    """Add the route to a server."""
    path = url_path_join(web_app.settings["base_url"], "mfwidgets", "api", "tree")
    web_app.add_handlers(".*$", [(path, TreeHandler)])


class TreeHandler(APIHandler):
    """``GET mfwidgets/api/tree``: the children of an object.

    Query arguments:

    - ``pathspec``: the object. Empty for the flows.
    - ``text``, ``offset``: see :func:`mfwidgets.server.tree.list_children`.
    - ``namespace``: ``none`` for all runs. Without it, the configured namespace.
    - ``folder``: a folder below the server's root. A local ``.metaflow`` is searched there and in its parents.

    All other configuration is the server's. So a request cannot send the server's keys to another host.

    The status is 200 with the result of :func:`mfwidgets.server.tree.list_children`. Otherwise the response is
    ``{"message": …}`` with status 400 for invalid arguments, 403 without a token, 404 for an object that does not exist,
    502 if the metadata service cannot be reached, 503 if too many requests wait for the folder, or 504 if it does not
    answer.
    """

    auth_resource = "mfwidgets"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer a request."""
        deadline = Deadline(TIMEOUT_S)
        try:
            arguments = self._arguments()
            future = _THREADS.submit(arguments["folder"], partial(_answer_until, deadline, arguments))
            if future is None:
                self._fail(503, "Too many requests wait for this folder, which does not answer. Try again later.")
                return
            answer = await asyncio.wait_for(asyncio.wrap_future(future), TIMEOUT_S)
        except MetaflowException as error:
            self._fail(next((code for kind, code in _STATUSES if isinstance(error, kind)), 500), str(error))
        except TimeoutError:
            self._fail(504, f"There was no answer within {TIMEOUT_S:.0f} seconds.")
        else:
            self.finish(json.dumps(answer))
        finally:
            deadline.cancel()  # after a timeout or a closed connection, the thread stops

    def _arguments(self) -> dict[str, Any]:
        offset = self.get_query_argument("offset", "0")
        if not (offset.isascii() and offset.isdecimal() and len(offset) < _MAX_DIGITS and int(offset) <= MAX_OFFSET):
            raise MetaflowInvalidArgument(f"Expected a number from 0 to {MAX_OFFSET:,} for offset, got {offset!r:.40}.")
        return {
            "pathspec": self.get_query_argument("pathspec", ""),
            "text": self.get_query_argument("text", ""),
            "offset": int(offset),
            "namespace": self.get_query_argument("namespace", None),
            "folder": folder_below(Path(self.settings["server_root_dir"]), self.get_query_argument("folder", "")),
        }

    def _fail(self, code: int, message: str) -> None:
        self.set_status(code)
        self.finish(json.dumps({"message": message}))


def folder_below(root: Path, relative: str) -> Path:
    """Return a folder below the server's root. If it does not exist, return its nearest existing parent.

    Raises
    ------
    MetaflowInvalidArgument
        The folder is not below the root.
    """
    root = root.expanduser().resolve()
    try:
        folder = (root / relative).resolve()
    except (OSError, ValueError):
        folder = Path()
    if not folder.is_relative_to(root):
        raise MetaflowInvalidArgument(f"Expected a folder below the server's root, got {relative!r:.80}.")
    return next((parent for parent in (folder, *folder.parents) if os.path.isdir(parent)), root)  # noqa: PTH112 - never raises


def _answer_until(deadline: Deadline, arguments: dict[str, Any]) -> dict[str, Any]:
    with deadline.apply():
        return _answer(**arguments)


def _answer(pathspec: str, text: str, offset: int, namespace: str | None, folder: Path) -> dict[str, Any]:
    """Return the response. Imports are here so that the server starts fast."""
    from mfwidgets.config import read_configuration
    from mfwidgets.providers.factory import open_provider
    from mfwidgets.queries.context import DEFAULT, ClientContext
    from mfwidgets.server.tree import list_children

    configuration = read_configuration(cwd=folder, separate_keys=True)
    setting = DEFAULT if not namespace else None if namespace == "none" else namespace
    return list_children(
        ClientContext(open_provider(None, configuration), configuration, setting), pathspec, text, offset
    )
