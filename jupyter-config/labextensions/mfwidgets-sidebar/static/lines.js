// Writes pathspecs into cells. A name is chosen by the author of a run, so it must not become code. The same rules as in
// mfwidgets/code_lines.py; a test compares both.

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_./:@+=,-]*$/u;

// The characters of mfwidgets/hidden_characters.py: controls, lone surrogates, and what reorders or hides others.
const HIDDEN = new RegExp(
  "[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069"
  + "\\u00ad\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200d\\u2060-\\u2065\\u206a-\\u206f"
  + "\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}\\ud800-\\udfff]", "u"
);

// latest~2 stands for another run. A run with such an id cannot be reached by its pathspec.
const ALIAS = /^[^/]+\/latest(-ok)?(~\d{1,6})?(\/|$)/;

// The commands of %mflow have names like these, and a flow may have the name of a command.
const MAYBE_COMMAND = /^[a-z]+$/;

/** A literal of Python, which JSON's escapes are, too. Non-ASCII characters stay. */
const literal = text => JSON.stringify(text);

/** Throw an Error if a pathspec cannot be written into a line. */
function checked(pathspec) {
  if (HIDDEN.test(pathspec)) throw new Error("Expected a name without control characters. This one cannot be written into a cell.");
  if (ALIAS.test(pathspec)) throw new Error("Expected the id of a run. This one is an alias, which shows another run.");
  return pathspec;
}

/** An expression of Python that returns the object. */
const expression = pathspec => `Metaflow().get(${literal(pathspec)})`;

/** A word of %mflow. Quotes are written as shells read them. */
const word = pathspec => `'${pathspec.replaceAll("'", `'"'"'`)}'`;

const FORMS = {
  show: [path => `%mflow ${MAYBE_COMMAND.test(path) ? "show " : ""}${path}`, path => `from mfwidgets import Metaflow\n${expression(path)}`],
  explore: [path => `%mflow explore ${path}`, path => `from mfwidgets import Metaflow, explore\nexplore(${expression(path)})`],
  why: [path => `%mflow why ${path}`, path => `%mflow why ${path.startsWith("-") ? "-- " : ""}${word(path)}`],
  logs: [path => `%mflow logs ${path}`, path => `%mflow logs ${path.startsWith("-") ? "-- " : ""}${word(path)}`],  // also for runs and steps, which have no logs()
};

/** The source of a cell that shows an object, says why it failed, opens an explorer or shows logs. Throws an Error for an impossible name. */
export function cell(action, pathspec) {
  const [plain, odd] = FORMS[action];
  return (PLAIN.test(checked(pathspec)) ? plain : odd)(pathspec);
}

/**
 * Code that returns an explorer and leaves no name in the kernel. `namespace` is that of the sidebar: empty for the kernel's,
 * "none" for all runs. Throws an Error for an impossible name.
 */
export function opened(pathspec, namespace = "") {
  const chosen = namespace === "none" ? "namespace=None" : namespace ? `namespace=${literal(namespace)}` : "";
  if (HIDDEN.test(namespace)) throw new Error("Expected a namespace without control characters.");
  const client = `__import__("mfwidgets").Metaflow(${chosen})`;
  return `__import__("mfwidgets").explore(${pathspec ? `${client}.get(${literal(checked(pathspec))})` : client})`;
}

/** What is copied or dragged: a plain pathspec, else an expression. Throws an Error for an impossible name. */
export const portable = pathspec => (PLAIN.test(checked(pathspec)) ? pathspec : expression(pathspec));
