// Asks Python, and hears what Python sends. A newer question of a topic replaces the older one.

import { useEffect, useRef, useState } from "./preact_htm.js";

export class Connection {
  constructor(model) {
    this.model = model;
    this.number = 0;
    this.asked = new Map();
    this.listeners = new Set();
    this.hear = content => this.received(content);
    model.on("msg:custom", this.hear);
  }

  /** Ask a question of a topic. `done` gets the answer, unless a newer question of the topic was asked. */
  ask(topic, content, done) {
    const id = `${topic}-${++this.number}`;
    if (done) this.asked.set(topic, { id, done });
    this.model.send({ ...content, ask: topic, id });
  }

  /** Whether an answer of the topic is awaited. */
  waits(topic) {
    return this.asked.has(topic);
  }

  received(content) {
    if (!content || typeof content !== "object") return;
    if (content.push === "answer") {
      const asked = this.asked.get(content.ask);
      if (asked && asked.id === content.id) {
        this.asked.delete(content.ask);
        asked.done(content);
      }
    }
    for (const listener of [...this.listeners]) listener(content);
  }

  listen(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  close() {
    this.model.off("msg:custom", this.hear);
    this.listeners.clear();
    this.asked.clear();
  }
}

const FIRST_MS = 2000, RETRY_MS = 15_000;

/**
 * Look again and again at what runs, while something does and the page is visible. Python says how long to pause.
 * `question` is what is shown, `onAnswer` gets the pane of a running run.
 */
export function useFollowing(connection, runs, question, onAnswer) {
  const asks = useRef(question), hears = useRef(onAnswer);
  asks.current = question;
  hears.current = onAnswer;
  useEffect(() => {
    if (!runs) return undefined;
    let timer = 0, stopped = false;
    const later = ms => { timer = setTimeout(look, ms); };
    const look = () => {
      if (document.visibilityState === "hidden") return later(FIRST_MS);
      const asked = asks.current;
      return connection.ask("follow", asked, answer => {
        if (stopped) return;
        if (answer.pane) hears.current(asked, answer.pane);
        later(answer.problem ? RETRY_MS : answer.pause_ms ?? FIRST_MS);
      });
    };
    later(FIRST_MS);
    return () => { stopped = true; clearTimeout(timer); };
  }, [connection, runs]);
}

/** Return a trait of the model and a function that changes it, here and in Python. */
export function useTrait(model, name) {
  const [value, setValue] = useState(model.get(name));
  useEffect(() => {
    const changed = () => setValue(model.get(name));
    model.on(`change:${name}`, changed);
    changed();
    return () => model.off(`change:${name}`, changed);
  }, [model, name]);
  const change = next => {
    model.set(name, next);
    model.save_changes();
    setValue(next);
  };
  return [value, change];
}
