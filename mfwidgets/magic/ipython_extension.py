"""Adds ``%mflow`` and ``%%mflow`` to a shell, and removes them."""

import ast
import inspect
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from mfwidgets.first_import import first_import
from mfwidgets.magic import matcher, terminal

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


@magics_class
class MflowMagics(Magics):
    """The magics ``%mflow`` and ``%%mflow``."""

    @no_var_expand
    @line_magic("mflow")  # type: ignore[arg-type]
    def line(self, line: str) -> Any:
        """Show flows, runs, steps, tasks, artifacts and logs of Metaflow, or switch namespace, metadata and profile.

        ::

          %mflow                                   show the context and all commands
          %mflow HelloFlow                         show a flow and its newest runs
          %mflow HelloFlow/latest                  show a run: latest, latest-ok, latest~2, or a run id
          %mflow HelloFlow/2/start/1               show a task; with a name after it, an artifact
          %mflow runs HelloFlow --status failed    list runs by tag, status, user, age; --df for a DataFrame
          %mflow tasks HelloFlow/2                 list the tasks of a run or step
          %mflow artifacts HelloFlow/2             list the artifacts of a run or task
          %mflow data HelloFlow/2/start/x          return the value of an artifact
          %mflow logs HelloFlow/2/start/1          show a log: --stderr, --both, --tail 20, --grep RE, --follow
          %mflow why HelloFlow/2                   explain a failure, and compare with the last good run
          %mflow diff HelloFlow/latest-ok HelloFlow/latest
          %mflow dag HelloFlow/2                   show one part of a run: dag, timeline, grid, cards, code, packages
          %mflow timeline HelloFlow/2
          %mflow grid HelloFlow/2/fit --by score
          %mflow cards HelloFlow/2/start
          %mflow code HelloFlow/2
          %mflow packages HelloFlow/2
          %mflow disk HelloFlow                    report what fills the datastore
          %mflow explore HelloFlow                 open an explorer of flows, runs, steps, tasks, logs
          %mflow watch HelloFlow                   watch a run while it runs
          %mflow wait HelloFlow --timeout 2h       wait until a run has ended, and show it
          %mflow tag HelloFlow/2 --add reviewed    change tags
          %mflow ns user:ann                       switch the namespace; also none, default
          %mflow metadata /data/other-team         switch the metadata: a folder, service@URL, default
          %mflow profile production                switch to a profile of Metaflow
          %mflow doctor                            check the setup
          %mflow help logs                         describe a command

        Every line returns an object, so ``run = %mflow HelloFlow/latest`` works. ``{name}`` inserts the value of a
        Python variable. ``%%mflow ns user:ann`` switches for one cell only, and so do ``metadata`` and ``profile``.
        """
        first_import("mfwidgets.magic.dispatch")  # with the first line, not when the magic is loaded
        from mfwidgets.magic.dispatch import run_line

        return run_line(line, self._variables)

    @property
    def _variables(self) -> dict[str, Any]:
        return self.shell.user_ns if self.shell else {}

    @no_var_expand
    @cell_magic("mflow")  # type: ignore[arg-type]
    def cell(self, line: str, cell: str) -> Any:
        """Run a cell in another namespace, with other metadata or with another profile. Then switch back.

        ::

          %%mflow ns user:ann
          %%mflow ns none
          %%mflow metadata /data/other-team
          %%mflow profile production
        """
        from mfwidgets.magic.commands.context import CONTEXT_COMMANDS, remember
        from mfwidgets.magic.dispatch import run_line
        from mfwidgets.magic.tokenize import tokenize

        for_cells = [command.name for command in CONTEXT_COMMANDS]
        words = tokenize(line, self._variables)
        if len(words) != 2 or words[0] not in for_cells:  # noqa: PLR2004 - a command and a name
            raise UsageError(
                f"Expected %%mflow {' NAME, %%mflow '.join(for_cells)} NAME, got {f'%%mflow {line}'.rstrip()!r}. "
                "Try %mflow for all other commands."
            )
        shell, put_back = self.shell, remember()
        assert shell is not None  # IPython always sets it
        __tracebackhide__ = True  # IPython omits frames with this variable from the traceback of the cell
        try:
            run_line(line, self._variables)
            return _run(shell, cell)
        finally:
            put_back()


def _run(shell: "InteractiveShell", cell: str) -> Any:
    """Run a cell as IPython does, including magics, and return the value of its last expression."""
    __tracebackhide__ = True
    source = shell.transform_cell(cell)  # type: ignore[no-untyped-call]
    name = shell.compile.cache(source, shell.execution_count, raw_code=cell)
    try:
        tree = ast.parse(source, filename=name)
    except SyntaxError as error:
        raise error.with_traceback(None) from None
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    body = compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    value = compile(ast.Expression(last.value), name, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT) if last else None
    if any(code.co_flags & inspect.CO_COROUTINE for code in (body, value) if code):
        raise UsageError(
            "A cell under %%mflow cannot await. Try switching with %mflow before the cell, and back after it."
        )
    exec(body, shell.user_global_ns, shell.user_ns)  # noqa: S102 - the user's own cell, in the user's own namespace
    return eval(value, shell.user_global_ns, shell.user_ns) if value else None  # noqa: S307 - as above


def load(ipython: "InteractiveShell") -> None:
    """Add the magics, their completion and colours to a shell. A second call has no effect."""
    ipython.register_magics(MflowMagics)
    matcher.load(ipython)
    terminal.load(ipython)


def unload(ipython: "InteractiveShell") -> None:
    """Remove them from a shell."""
    matcher.unload(ipython)
    terminal.unload(ipython)
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("mflow", None)
    ipython.magics_manager.registry.pop(MflowMagics.__name__, None)
