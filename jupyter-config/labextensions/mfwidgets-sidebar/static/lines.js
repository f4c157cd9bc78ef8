// Writes pathspecs into cells. A name is chosen by the author of a run, so it must not become code. The same rules as in
// mfwidgets/code_lines.py; a test compares both.

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_./:@+=,-]*$/u;

// Control characters, lone surrogates, line separators, and characters that reorder or hide others.
const UNQUOTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u;

/** A literal of Python, which JSON's escapes are, too. Non-ASCII characters stay. */
const literal = text => JSON.stringify(text);

/** Throw an Error if a pathspec cannot be written into a line. */
function checked(pathspec) {
  if (UNQUOTABLE.test(pathspec)) throw new Error("Expected a name without control characters. This one cannot be written into a cell.");
  return pathspec;
}

/** An expression of Python that returns the object. */
const expression = pathspec => `Metaflow().get(${literal(checked(pathspec))})`;

/** A word of %mflow. Quotes are written as shells read them. */
const word = pathspec => `'${checked(pathspec).replaceAll("'", `'"'"'`)}'`;

const FORMS = {
  show: [path => `%mflow ${path}`, path => `from mfwidgets import Metaflow\n${expression(path)}`],
  explore: [path => `%mflow explore ${path}`, path => `from mfwidgets import Metaflow, explore\nexplore(${expression(path)})`],
  logs: [path => `%mflow logs ${path}`, path => `%mflow logs ${word(path)}`],  // also for runs and steps, which have no logs()
};

/** The source of a cell that shows an object, opens an explorer or shows logs. Throws an Error for an impossible name. */
export function cell(action, pathspec) {
  const [plain, odd] = FORMS[action];
  return (PLAIN.test(pathspec) ? plain : odd)(pathspec);
}

/** What is copied or dragged: a plain pathspec, else an expression. Throws an Error for an impossible name. */
export const portable = pathspec => (PLAIN.test(pathspec) ? pathspec : expression(pathspec));
