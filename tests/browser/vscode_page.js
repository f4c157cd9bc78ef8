// A page as VS Code makes it for outputs: its own widget manager, and a connection to a real kernel. Every message that
// begins with "kernel" below is one of Jupyter's protocol. The manager asks for what @jupyterlab/services offers.

function signal() {
  const slots = new Set();
  return {
    connect: (slot, self) => slots.add(self ? slot.bind(self) : slot),
    disconnect: slot => slots.delete(slot),
    emit: (sender, value) => slots.forEach(slot => slot(sender, value)),
  };
}

class Comm {
  constructor(kernel, targetName, commId) { Object.assign(this, { kernel, targetName, commId, isDisposed: false, disposed: signal() }); }
  open(data, metadata) { return this.kernel.ask("comm_open", { comm_id: this.commId, target_name: this.targetName, data }, metadata); }
  send(data, metadata) { return this.kernel.ask("comm_msg", { comm_id: this.commId, data }, metadata); }
  close(data, metadata) { return this.kernel.ask("comm_close", { comm_id: this.commId, data }, metadata); }
  dispose() { this.isDisposed = true; }
}

export class KernelConnection {
  constructor(id, socket, change) {
    Object.assign(this, { id, socket, change, name: "python3", username: "tests", clientId: crypto.randomUUID(), status: "idle" });
    Object.assign(this, { connectionStatus: "connected", handleComms: true, isDisposed: false, model: { id, name: "python3" } });
    for (const name of ["disposed", "statusChanged", "connectionStatusChanged", "iopubMessage", "unhandledMessage", "anyMessage", "pendingInput"]) this[name] = signal();
    this.targets = new Map();
    this.comms = new Map();
    this.futures = new Map();
    this.queue = Promise.resolve();
    socket.onmessage = event => {
      const message = change(JSON.parse(event.data));
      this.queue = this.queue.then(() => this.receive(message)).catch(error => console.error(`widget: ${error.stack}`));
    };
  }
  registerCommTarget(name, open) { this.targets.set(name, open); }
  removeCommTarget(name) { this.targets.delete(name); }
  registerMessageHook() {}
  removeMessageHook() {}
  hasComm(id) { return this.comms.has(id); }
  createComm(target, id = crypto.randomUUID()) {
    const comm = new Comm(this, target, id);
    this.comms.set(id, comm);
    return comm;
  }
  async requestCommInfo() { return { content: { status: "ok", comms: {} } }; }
  ask(type, content, metadata = {}) {
    const header = { msg_id: crypto.randomUUID(), msg_type: type, username: "tests", session: this.clientId, date: new Date().toISOString(), version: "5.3" };
    const future = { msg: { header }, done: new Promise(() => {}), registerMessageHook() {}, removeMessageHook() {}, dispose() {} };
    this.futures.set(header.msg_id, future);
    this.socket.send(JSON.stringify({ header, parent_header: {}, metadata, content, channel: "shell", buffers: [] }));
    return future;
  }
  async receive(message) {
    const { content, parent_header: parent, msg_type: type } = message, future = this.futures.get(parent.msg_id);
    const comm = this.comms.get(content?.comm_id);
    if (type === "comm_open") {
      const opened = this.createComm(content.target_name, content.comm_id);
      await this.targets.get(content.target_name)?.(opened, message);
    } else if (type === "comm_msg") await comm?.onMsg?.(message);
    else if (type === "comm_close") await comm?.onClose?.(message);
    if (message.channel === "iopub") {
      this.iopubMessage.emit(this, message);
      await future?.onIOPub?.(message);
    } else if (message.channel === "shell") await future?.onReply?.(message);
  }
}

const VIEW = "application/vnd.jupyter.widget-view+json";

export async function show({ version, code, place }) {
  const started = await (await fetch("/api/kernels", { method: "POST", body: JSON.stringify({ name: "python3" }) })).json();
  const socket = new WebSocket(`ws://${location.host}/api/kernels/${started.id}/channels`);
  await new Promise(ready => { socket.onopen = ready; });
  // The two models of an explorer are the same for the managers of ipywidgets 7 and 8. Only the versions differ.
  const older = state => { if (version === 7 && state?._model_name === "LayoutModel") Object.assign(state, { _model_module_version: "1.2.0", _view_module_version: "1.2.0" }); };
  const kernel = new KernelConnection(started.id, socket, message => { older(message.content?.data?.state); return message; });
  const { activate } = await import("./ipywidgets.js");
  activate();
  window[`vscIPyWidgets${version}`].load();
  const loader = {
    widgetsRegisteredInRequireJs: new Set(),
    loadWidgetScript: async name => requirejs.config({ paths: { [name]: `/static/${name}` } }),
    errorHandler: (name, module, _, error) => console.error(`widget: ${module}.${name}: ${error}`),
    successHandler: () => {},
  };
  const manager = new window.vscIPyWidgets.WidgetManager(kernel, place, loader, () => {});
  const shown = kernel.ask("execute_request", { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false });
  shown.onIOPub = async message => {
    const found = message.content?.data?.[VIEW];
    if (message.msg_type === "error") console.error(`widget: ${message.content.traceback.join("\n")}`);
    if (!found) return;
    const model = await manager.get_model(found.model_id), view = await manager.create_view(model, { el: place });
    await manager.display_view(message, view, { node: place });
  };
}
