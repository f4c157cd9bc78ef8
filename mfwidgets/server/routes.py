"""The routes of the extension. Requests are authenticated and answered in threads."""

import asyncio
import json
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from mfwidgets.deadline import Deadline
from mfwidgets.errors import (
    DeadlineExceeded,
    MetaflowException,
    MetaflowInvalidArgument,
    MetaflowNamespaceMismatch,
    MetaflowNotFound,
    ServiceException,
)
from mfwidgets.server.folder_threads import FolderThreads

if TYPE_CHECKING:
    from mfwidgets.queries.context import ClientContext

Answer = Callable[["ClientContext", dict[str, Any]], dict[str, Any]]
"""Answers a request from its arguments."""

TIMEOUT_S = 30.0
"""The time limit of a request, with the wait for a thread. Then its thread stops before its next read."""

MAX_OFFSET = 10_000_000
"""Nobody pages further."""

_MAX_DIGITS = 18

_OK, _BAD_REQUEST, _BUSY, _NO_ANSWER = 200, 400, 503, 504

_STATUSES: tuple[tuple[type[MetaflowException], int], ...] = (
    (MetaflowNotFound, 404),
    (MetaflowNamespaceMismatch, 404),
    (ServiceException, 502),
    (DeadlineExceeded, _NO_ANSWER),
)
"""Any other error is about the arguments, or about what is in the folder."""

_THREADS = FolderThreads()


def add_routes(web_app: web.Application) -> None:
    """Add the routes to a server."""
    base = url_path_join(web_app.settings["base_url"], "mfwidgets", "api")
    web_app.add_handlers(
        ".*$",
        [
            (url_path_join(base, "tree"), ReadingHandler, {"answer": _tree}),
            (url_path_join(base, "preview"), ReadingHandler, {"answer": _preview}),
        ],
    )


class ReadingHandler(APIHandler):
    """``GET mfwidgets/api/tree``: the children of an object. ``GET mfwidgets/api/preview``: a few facts about it.

    Query arguments:

    - ``pathspec``: the object. Empty for the flows.
    - ``text``, ``offset``, ``failed`` (``1`` for only what failed): see :func:`mfwidgets.server.tree.list_children`.
    - ``namespace``: ``none`` for all runs. Without it, the configured namespace.
    - ``folder``: a folder below the server's root. A local ``.metaflow`` is searched there and in its parents.

    All other configuration is the server's. So a request cannot send the server's keys to another host.

    The status is 200 with the result of :func:`mfwidgets.server.tree.list_children` or
    :func:`mfwidgets.server.preview.preview`. Otherwise the response is
    ``{"message": …}`` with status 400 for arguments or files that make no sense, 403 without a token, 404 for an object
    that does not exist, 502 if the metadata service cannot be reached, 503 if too many requests wait for the folder, or
    504 if it does not answer.
    """

    auth_resource = "mfwidgets"
    _deadline: Deadline | None = None

    def initialize(self, answer: "Answer") -> None:
        """Keep the function that answers."""
        self._answer_with = answer

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer a request. Nothing here reads a file, because a file system may not answer."""
        try:
            code, content = _OK, await self._answer(Deadline(TIMEOUT_S))
        except MetaflowException as error:
            code = next((code for kind, code in _STATUSES if isinstance(error, kind)), _BAD_REQUEST)
            content = {"message": str(error)}
        except _Unanswered as problem:
            code, content = problem.status, {"message": str(problem)}
        self.set_status(code)
        self.finish(json.dumps(content))

    async def _answer(self, deadline: Deadline) -> dict[str, Any]:
        arguments = self._arguments()
        job = _THREADS.submit(arguments["folder"], partial(_answer_until, deadline, self._answer_with, arguments))
        if job is None:
            raise _Unanswered(_BUSY)
        self._deadline = deadline
        try:
            return await asyncio.wait_for(asyncio.wrap_future(job.future), TIMEOUT_S)
        except TimeoutError:
            raise _Unanswered(_NO_ANSWER if job.started else _BUSY) from None
        finally:
            deadline.cancel()
            _THREADS.give_up(job)

    def on_connection_close(self) -> None:
        """Give up: nobody waits for the response."""
        if self._deadline is not None:
            self._deadline.cancel()

    def _arguments(self) -> dict[str, Any]:
        offset = self.get_query_argument("offset", "0")
        if not (offset.isascii() and offset.isdecimal() and len(offset) < _MAX_DIGITS and int(offset) <= MAX_OFFSET):
            raise MetaflowInvalidArgument(f"Expected a number from 0 to {MAX_OFFSET:,} for offset, got {offset!r:.40}.")
        return {
            "pathspec": self.get_query_argument("pathspec", ""),
            "text": self.get_query_argument("text", ""),
            "offset": int(offset),
            "failed": self.get_query_argument("failed", "") == "1",
            "namespace": self.get_query_argument("namespace", None),
            "root": self.settings["server_root_dir"],
            "folder": self.get_query_argument("folder", ""),
        }


def folder_below(root: str, relative: str) -> Path:
    """Return a folder below the server's root. If it does not exist, return its nearest existing parent.

    Raises
    ------
    MetaflowInvalidArgument
        The folder is not below the root.
    """
    # os.path accepts loops of links and names that are too long, which pathlib does not.
    top = Path(os.path.realpath(os.path.expanduser(root)))  # noqa: PTH111 - see above
    try:
        folder = Path(os.path.realpath(top / relative))
    except (OSError, ValueError):
        folder = Path()
    if not folder.is_relative_to(top):
        raise MetaflowInvalidArgument(f"Expected a folder below the server's root, got {relative!r:.80}.")
    return next((parent for parent in (folder, *folder.parents) if os.path.isdir(parent)), top)  # noqa: PTH112 - never raises


class _Unanswered(Exception):
    """A request was given up: it waited too long, or too many others wait."""

    def __init__(self, status: int) -> None:
        super().__init__(
            "Too many requests wait for this folder, which does not answer. Try again later."
            if status == _BUSY
            else f"There was no answer within {TIMEOUT_S:g} s. Try again later."
        )
        self.status = status


def _answer_until(deadline: Deadline, answer: "Answer", arguments: dict[str, Any]) -> dict[str, Any]:
    """Answer a request. Imports are here so that the server starts fast."""
    from mfwidgets.config import read_configuration
    from mfwidgets.providers.factory import open_provider
    from mfwidgets.queries.context import DEFAULT, ClientContext

    with deadline.apply():
        configuration = read_configuration(cwd=folder_below(arguments["root"], arguments["folder"]), separate_keys=True)
        namespace = arguments["namespace"]
        setting = DEFAULT if not namespace else None if namespace == "none" else namespace
        return answer(ClientContext(open_provider(None, configuration), configuration, setting), arguments)


def _tree(context: "ClientContext", arguments: dict[str, Any]) -> dict[str, Any]:
    from mfwidgets.server.tree import list_children

    pathspec, text, offset = arguments["pathspec"], arguments["text"], arguments["offset"]
    return list_children(context, pathspec, text, offset, failed=arguments["failed"])


def _preview(context: "ClientContext", arguments: dict[str, Any]) -> dict[str, Any]:
    from mfwidgets.server.preview import preview

    return preview(context, arguments["pathspec"])
