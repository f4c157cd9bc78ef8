"""An extension of Jupyter Server: what the sidebar of JupyterLab asks. Read-only; imported by Jupyter Server alone."""

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server where to look."""
    return [{"module": "mfwidgets.server"}]


def _load_jupyter_server_extension(server_app: Any) -> None:
    """Add the routes; what answers them is imported with the first question."""
    from mfwidgets.server.routes import add_routes

    add_routes(server_app.web_app)
