"""The routes of the extension: one question, authenticated, answered in a thread."""

import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from mfwidgets.concurrency import thread_pool
from mfwidgets.deadline import Deadline
from mfwidgets.errors import (
    InvalidSelector,
    MetaflowException,
    MetaflowInvalidArgument,
    MetaflowInvalidPathspec,
    MetaflowNotFound,
    MetaflowUnknownUser,
    ServiceException,
)

TIMEOUT_S = 60.0
"""Seconds after which a question is given up; its thread then stops before its next request."""

_THREADS = thread_pool(8, "server")

_STATUSES: tuple[tuple[type[MetaflowException], int], ...] = (
    (MetaflowNotFound, 404),
    (MetaflowInvalidPathspec, 400),
    (MetaflowInvalidArgument, 400),
    (InvalidSelector, 400),
    (MetaflowUnknownUser, 400),
    (ServiceException, 502),
)


def add_routes(web_app: web.Application) -> None:
    """Add the routes to those of a server."""
    path = url_path_join(web_app.settings["base_url"], "mfwidgets", "api", "tree")
    web_app.add_handlers(".*$", [(path, TreeHandler)])


class TreeHandler(APIHandler):
    """``GET mfwidgets/api/tree``: what lies below an object.

    ``pathspec`` (empty: the flows), ``text``, ``offset``, ``namespace`` (``none`` sees all runs; left out: the configured
    one) and ``folder`` (below the server's root: a local ``.metaflow`` is looked for there and above). Where to look else
    is the configuration of the server's own environment: a request cannot send its keys anywhere else.

    200 with :func:`mfwidgets.server.tree.list_children`, else ``{"message": …}``: 400 for what makes no sense, 403 without a
    token, 404 for what is not there, 502 for a metadata service out of reach, 504 for one that does not answer.
    """

    auth_resource = "mfwidgets"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer."""
        loop, deadline = asyncio.get_running_loop(), Deadline(TIMEOUT_S)
        try:
            work = partial(_answer_until, deadline, self._given())
            answer = await asyncio.wait_for(loop.run_in_executor(_THREADS, work), TIMEOUT_S)
        except TimeoutError:
            self._tell(504, f"The metadata service did not answer within {TIMEOUT_S:.0f} seconds.")
        except MetaflowException as error:
            self._tell(next((code for kind, code in _STATUSES if isinstance(error, kind)), 500), str(error))
        else:
            self.finish(json.dumps(answer))
        finally:
            deadline.cancel()  # if nobody waits any more, the thread need not go on

    def _given(self) -> dict[str, Any]:
        offset = self.get_query_argument("offset", "0")
        if not offset.isdecimal():
            raise MetaflowInvalidArgument(f"offset= is a number, 0 or more; not {offset!r:.40}.")
        return {
            "pathspec": self.get_query_argument("pathspec", ""),
            "text": self.get_query_argument("text", ""),
            "offset": int(offset),
            "namespace": self.get_query_argument("namespace", None),
            "folder": folder_below(Path(self.settings["server_root_dir"]), self.get_query_argument("folder", "")),
        }

    def _tell(self, code: int, message: str) -> None:
        self.set_status(code)
        self.finish(json.dumps({"message": message}))


def folder_below(root: Path, named: str) -> Path:
    """Return a folder below the server's root, or the next one above it that is there.

    Raises
    ------
    MetaflowInvalidArgument
        It lies elsewhere.
    """
    root = root.expanduser().resolve()
    try:
        folder = (root / named).resolve()
    except (OSError, ValueError):
        folder = Path()
    if not folder.is_relative_to(root):
        raise MetaflowInvalidArgument(f"The folder {named!r:.80} is not below the server's root.")
    return next((one for one in (folder, *folder.parents) if one.is_dir()), root)


def _answer_until(deadline: Deadline, given: dict[str, Any]) -> dict[str, Any]:
    with deadline.apply():
        return _answer(**given)


def _answer(pathspec: str, text: str, offset: int, namespace: str | None, folder: Path) -> dict[str, Any]:
    """Answer, with what only answers need imported now."""
    from mfwidgets.config import read_configuration
    from mfwidgets.providers.factory import open_provider
    from mfwidgets.queries.context import DEFAULT, ClientContext
    from mfwidgets.server.tree import list_children

    configuration = read_configuration(cwd=folder)
    chosen = DEFAULT if not namespace else None if namespace == "none" else namespace
    return list_children(
        ClientContext(open_provider(None, configuration), configuration, chosen), pathspec, text, offset
    )
