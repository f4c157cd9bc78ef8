"""The outputs of widgets on Colab, which say where the scripts of widgets are."""

import sys
from types import SimpleNamespace

import pytest
from IPython.core.displaypub import DisplayPublisher

from mfwidgets.widgets.log_viewer import LogViewer

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def published(monkeypatch, shell):
    """The outputs that a Colab publishes. Its module is a stand-in, because Colab itself runs nowhere else."""
    widgets = SimpleNamespace(_installed_url="https://example.org/manager.js")
    output = SimpleNamespace(enable_custom_widget_manager=lambda: None, _widgets=widgets)
    monkeypatch.setitem(sys.modules, "google.colab.output", output)
    outputs = []
    monkeypatch.setattr(
        DisplayPublisher, "publish", lambda _, data, metadata=None, **_more: outputs.append((data, metadata))
    )
    monkeypatch.setattr(type(shell), "initialized", lambda: True)
    return outputs


@pytest.mark.parametrize("kind", ["explorer", "log viewer"])
def test_widgets_say_where_their_scripts_are(published, client, runs, kind):
    widget = client.explore() if kind == "explorer" else LogViewer(client.get(f"{runs['linear']}/end").task)
    widget._ipython_display_()
    data, metadata = published[0]
    assert data[VIEW]["model_id"] == widget.model_id
    assert metadata[VIEW]["colab"]["custom_widget_manager"]["url"] == "https://example.org/manager.js"
    widget.close()
