"""The route of the extension. Requests are authenticated and answered in threads."""

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
"""The time limit of a request. Then its thread stops before its next request to the provider."""

_THREADS = thread_pool(8, "server")
"""A server has many tabs. A slow metadata service must not block its other work."""

_STATUSES: tuple[tuple[type[MetaflowException], int], ...] = (
    (MetaflowNotFound, 404),
    (MetaflowInvalidPathspec, 400),
    (MetaflowInvalidArgument, 400),
    (InvalidSelector, 400),
    (MetaflowUnknownUser, 400),
    (ServiceException, 502),
)


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
    502 if the metadata service cannot be reached, or 504 if it does not answer.
    """

    auth_resource = "mfwidgets"

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer a request."""
        loop, deadline = asyncio.get_running_loop(), Deadline(TIMEOUT_S)
        try:
            work = partial(_answer_until, deadline, self._arguments())
            answer = await asyncio.wait_for(loop.run_in_executor(_THREADS, work), TIMEOUT_S)
        except TimeoutError:
            self._fail(504, f"The metadata service did not answer within {TIMEOUT_S:.0f} seconds.")
        except MetaflowException as error:
            self._fail(next((code for kind, code in _STATUSES if isinstance(error, kind)), 500), str(error))
        else:
            self.finish(json.dumps(answer))
        finally:
            deadline.cancel()  # after a timeout or a closed connection, the thread stops

    def _arguments(self) -> dict[str, Any]:
        offset = self.get_query_argument("offset", "0")
        if not offset.isdecimal():
            raise MetaflowInvalidArgument(f"Expected a number, 0 or more, for offset, got {offset!r:.40}.")
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
    return next((parent for parent in (folder, *folder.parents) if parent.is_dir()), root)


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
