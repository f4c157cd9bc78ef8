// The front end of anywidgets, as far as one page needs it: models that Python opens, and their views.

class Model {
  constructor(state, send) {
    this.state = state;
    this.changed = {};
    this.listeners = new Map();
    this.post = send;
  }

  get(name) { return this.state[name]; }

  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = this.changed[name] = value;
    this.emit(`change:${name}`, value);
    this.emit("change");
  }

  save_changes() {
    const state = this.changed;
    this.changed = {};
    if (Object.keys(state).length) this.post({ method: "update", state, buffer_paths: [] });
  }

  send(content) { this.post({ method: "custom", content }); }

  on(names, listener) {
    for (const name of names.split(" ")) this.listeners.set(name, [...(this.listeners.get(name) ?? []), listener]);
  }

  off(name, listener) {
    if (!name) this.listeners.clear();
    else this.listeners.set(name, listener ? (this.listeners.get(name) ?? []).filter(one => one !== listener) : []);
  }

  emit(name, ...values) {
    for (const listener of this.listeners.get(name) ?? []) listener(...values);
  }

  received({ method, state, content }) {
    if (method === "custom") this.emit("msg:custom", content, []);
    if (method === "update") {
      for (const [name, value] of Object.entries(state)) {
        this.state[name] = value;
        this.emit(`change:${name}`, value);
      }
      this.emit("change");
    }
  }
}

export class Models {
  constructor(send) {
    this.send = send;
    this.all = new Map();
  }

  received({ type, id, data }) {
    if (type === "comm_open") this.all.set(id, new Model(data.state, message => this.send(id, message)));
    if (type === "comm_msg") this.all.get(id)?.received(data);
    if (type === "comm_close") this.all.delete(id);
  }

  /** Return the element of a widget. Its script draws it as soon as it is loaded. */
  view(id) {
    const element = document.createElement("div"), model = this.all.get(id), script = model?.get("_esm");
    element.className = "output page-widget";
    if (!script) {
      element.textContent = "This widget needs a notebook.";
      return element;
    }
    const style = document.createElement("style"), drawn = document.createElement("div");
    style.textContent = model.get("_css") ?? "";
    element.append(style, drawn);
    this.draw(model, script, drawn).catch(error => { drawn.textContent = `This could not be shown: ${error}`; });
    return element;
  }

  async draw(model, script, element) {
    const address = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    try {
      const module = await import(address);
      const widget = typeof module.default === "function" ? await module.default() : module.default;
      await widget.initialize?.({ model });
      await widget.render?.({ model, el: element });
    } finally {
      URL.revokeObjectURL(address);
    }
  }
}
