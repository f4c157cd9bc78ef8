"""The Python side of the page: runs cells in IPython, returns what they show, and carries the messages of widgets."""

import json
import sys

import comm
from comm.base_comm import BaseComm
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type

_WIDGET = "application/vnd.jupyter.widget-view+json"
_KINDS = (_WIDGET, "text/html", "image/svg+xml", "text/plain")

_outputs = []


def _show(data):
    kind = next((kind for kind in _KINDS if kind in data), None)
    if kind is None:
        return
    content = data[kind]
    _outputs.append({"kind": kind, "data": content["model_id"] if kind == _WIDGET else content})


class _Publisher(DisplayPublisher):
    def publish(self, data, metadata=None, **options):
        del metadata, options
        _show(data)

    def clear_output(self, wait=False):
        del wait
        _outputs.clear()


class _Hook(DisplayHook):
    def write_output_prompt(self):
        pass

    def write_format_data(self, format_dict, md_dict=None):
        del md_dict
        _show(format_dict)

    def finish_displayhook(self):
        self._is_active = False


class _Stream:
    encoding = "utf-8"

    def write(self, text):
        if _outputs and _outputs[-1]["kind"] == "stream":
            _outputs[-1]["data"] += text
        elif text:
            _outputs.append({"kind": "stream", "data": text})
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


class _Shell(InteractiveShell):
    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def enable_gui(self, gui=None):
        del gui

    def _showtraceback(self, etype, evalue, stb):
        del etype, evalue
        _outputs.append({"kind": "error", "data": "\n".join(stb)})


class _Comm(BaseComm):
    """A channel to a widget of the page."""

    post = staticmethod(lambda _message: None)

    def publish_msg(self, msg_type, data=None, metadata=None, buffers=None, **keys):
        del metadata, buffers, keys
        self.post(json.dumps({"type": msg_type, "id": self.comm_id, "data": data or {}}, default=str))


def start(post):
    """Start the shell. ``post`` gets each message of a widget as JSON."""
    global _shell
    _Comm.post = staticmethod(post)
    comm.create_comm = _Comm
    _shell = _Shell.instance()
    _shell.run_line_magic("colors", "nocolor")
    if _shell.history_manager is not None:
        _shell.history_manager.enabled = False
    sys.stdout = sys.stderr = _Stream()


def run(code):
    """Run a cell. Return its outputs as JSON."""
    _outputs.clear()
    _shell.run_cell(code, store_history=False)
    return json.dumps(_outputs)


def receive(comm_id, data):
    """Hand a message of the page to its widget."""
    channel = comm.get_comm_manager().get_comm(comm_id)
    if channel is not None:
        channel.handle_msg({"content": {"comm_id": comm_id, "data": json.loads(data)}, "buffers": []})
