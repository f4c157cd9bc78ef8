"""A page with explorers of this process: the real script and the real Python, without a notebook between them.

It is faster than JupyterLab, and the page can have a policy that JupyterLab itself does not keep.
"""

import json
import queue
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

POLICY = (
    "default-src 'none'; script-src 'self' blob:; style-src 'unsafe-inline'; connect-src 'self'; "
    "img-src data: blob:; frame-src 'self'; frame-ancestors 'self'"
)
"""The policy of a careful JupyterHub: scripts only from itself and from blobs, as anywidget imports them, and no eval."""

_PAGE = """<!doctype html><meta charset="utf-8"><title>explorers</title>
<body style="margin:8px;background:Canvas;color:CanvasText;color-scheme:light dark"><script type="module" src="/page.js"></script></body>"""

_SCRIPT = """
const post = (path, content) => fetch(path, { method: "POST", body: JSON.stringify(content) });
async function open(number) {
  const { _esm, _css, ...state } = await (await fetch(`/state/${number}`)).json();
  const listeners = new Map(), changed = {};
  const fire = (name, content) => [...(listeners.get(name) ?? [])].forEach(act => act(content));
  const put = (name, value) => { state[name] = value; fire(`change:${name}`); };
  const model = {
    get: name => state[name],
    set: (name, value) => { changed[name] = value; put(name, value); },
    on: (name, act) => { listeners.set(name, [...(listeners.get(name) ?? []), act]); },
    off: (name, act) => { listeners.set(name, (listeners.get(name) ?? []).filter(one => one !== act)); },
    save_changes: () => {
      post(`/change/${number}`, changed);
      for (const name of Object.keys(changed)) delete changed[name];
    },
    send: content => post(`/send/${number}`, content),
  };
  const events = new EventSource(`/events/${number}`);
  await new Promise(ready => { events.onopen = ready; });
  events.onmessage = event => {
    const { traits, content } = JSON.parse(event.data);
    for (const [name, value] of Object.entries(traits ?? {})) if (JSON.stringify(state[name]) !== JSON.stringify(value)) put(name, value);
    if (content) fire("msg:custom", content);
  };
  const style = document.createElement("style"), el = document.createElement("div");
  style.textContent = _css;
  document.body.append(style, el);
  const module = await import(URL.createObjectURL(new Blob([_esm], { type: "text/javascript" })));
  (window.cleanups ??= []).push(module.default.render({ model, el }));
}
for (let number = 0; number < COUNT; number += 1) await open(number);
const isRefused = () => { try { return !new Function("return 1"); } catch { return true; } };
window.refusesEval = isRefused();
window.opened = true;
"""


class _Served:
    """An explorer, and the pages that show it."""

    def __init__(self, explorer):
        self.explorer, self.lock, self.pages = explorer, threading.RLock(), []
        self.sent = 0
        explorer.send = lambda content, buffers=None: self.push({"content": content})
        self.names = [
            name for name in explorer.keys if not name.startswith("_") and name not in ("layout", "tabbable", "tooltip")
        ]
        explorer.observe(lambda change: self.push({"traits": {change.name: change.new}}), self.names)

    def push(self, event):
        text = json.dumps(event)
        self.sent += len(text)
        for page in [*self.pages]:
            page.put(text)

    def state(self):
        names = [*self.names, "_esm", "_css"]
        return {name: getattr(self.explorer, name) for name in names}

    def change(self, traits):
        with self.lock:
            for name, value in traits.items():
                setattr(self.explorer, name, value)

    def hear(self, content):
        with self.lock:
            self.explorer._handle_custom_msg(content, [])


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing about a page that was closed while it was answered."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments):
        pass

    def _send(self, text, kind="application/json"):
        body = text.encode()
        self.send_response(200)
        for name, value in (("Content-Type", f"{kind}; charset=utf-8"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        if self.server.policy:
            self.send_header("Content-Security-Policy", self.server.policy)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        served = self.server.served
        _, what, number = (*self.path.split("/"), "")[:3]
        if what == "":
            self._send(_PAGE, "text/html")
        elif what == "page.js":
            self._send(_SCRIPT.replace("COUNT", str(len(served))), "text/javascript")
        elif what == "state":
            self._send(json.dumps(served[int(number)].state()))
        elif what == "events":
            self._events(served[int(number)])
        else:
            self.send_error(404)

    def _events(self, one):
        page = queue.SimpleQueue()
        one.pages.append(page)
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.flush()
        try:
            while not self.server.stopped.is_set():
                try:
                    self.wfile.write(f"data: {page.get(timeout=0.5)}\n\n".encode())
                except queue.Empty:
                    self.wfile.write(b": still here\n\n")
                self.wfile.flush()
        except OSError:  # the page was closed
            pass
        finally:
            one.pages.remove(page)
            self.close_connection = True

    def do_POST(self):
        content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        _, what, number = self.path.split("/")
        one = self.server.served[int(number)]
        (one.change if what == "change" else one.hear)(content)
        self._send("{}")


@contextmanager
def explorers_served(*explorers, policy=""):
    """Serve a page with explorers under a policy, and close them at the end. Yields its address."""
    httpd = _Server(("127.0.0.1", 0), _Handler)
    httpd.served, httpd.policy, httpd.stopped = [_Served(explorer) for explorer in explorers], policy, threading.Event()
    threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{httpd.server_port}/"
    finally:
        httpd.stopped.set()
        httpd.shutdown()
        httpd.server_close()
        for explorer in explorers:
            explorer.close()
