"""The extension of Jupyter Server for JupyterLab's sidebar. It only reads. Only Jupyter Server imports it."""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Return the module of the extension, as Jupyter Server requires."""
    return [{"module": "mfwidgets.server"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    """Add the routes. Modules that answer requests are imported with the first request."""
    from mfwidgets.server.routes import add_routes

    add_routes(server_app.web_app)
