"""The magic in a shell: ``%mflow`` and ``%%mflow``, given and taken back."""

import ast
import inspect
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand

from mfwidgets.magic import completion, terminal
from mfwidgets.magic.commands.context import CONTEXT_COMMANDS, remember
from mfwidgets.magic.dispatch import run_line
from mfwidgets.magic.tokenize import tokenize

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_FOR_CELLS = tuple(command.name for command in CONTEXT_COMMANDS)


@magics_class
class MflowMagics(Magics):
    """Holds ``%mflow`` and ``%%mflow``."""

    @no_var_expand
    @line_magic("mflow")  # type: ignore[arg-type]
    def line(self, line: str) -> Any:
        """Show Metaflow's flows, runs, steps, tasks, artifacts and logs, and choose where to look.

        ::

          %mflow                                   the scope, and all commands
          %mflow HelloFlow                         a flow: its newest runs
          %mflow HelloFlow/latest                  a run; also latest-ok, latest~2, or a run id
          %mflow HelloFlow/2/start/1               a task; deeper: an artifact
          %mflow runs HelloFlow --status failed    runs by tag, status, user, age; --df as a DataFrame
          %mflow tasks HelloFlow/2                 tasks, artifacts: tables of a run, a step, a task
          %mflow artifacts HelloFlow/2
          %mflow data HelloFlow/2/start/x          the value of an artifact
          %mflow logs HelloFlow/2/start/1          a log: --stderr, --both, --tail 20, --grep RE, --follow
          %mflow why HelloFlow/2                   why it failed, and what differs from the last good run
          %mflow diff HelloFlow/latest-ok HelloFlow/latest
          %mflow dag HelloFlow/2                   dag, timeline, grid, cards, code: one part alone
          %mflow timeline HelloFlow/2
          %mflow grid HelloFlow/2/fit --by score
          %mflow cards HelloFlow/2/start
          %mflow code HelloFlow/2
          %mflow explore HelloFlow                 click through flows, runs, steps, tasks, logs
          %mflow watch HelloFlow                   a run, while it runs
          %mflow tag HelloFlow/2 --add reviewed    change tags
          %mflow ns user:ann                       switch the namespace; none, default
          %mflow metadata /data/other-team         look elsewhere: a folder, service@URL; default
          %mflow profile production                another profile of Metaflow's
          %mflow doctor                            what is wrong, and what to do
          %mflow help logs                         all about one command

        Every line returns an object, so ``run = %mflow HelloFlow/latest`` works. ``{name}`` is the value of a Python
        variable. ``%%mflow ns user:ann`` runs a cell in that namespace alone, likewise ``metadata`` and ``profile``.
        """
        return run_line(line, self._variables)

    @property
    def _variables(self) -> dict[str, Any]:
        return self.shell.user_ns if self.shell else {}

    @no_var_expand
    @cell_magic("mflow")  # type: ignore[arg-type]
    def cell(self, line: str, cell: str) -> Any:
        """Run a cell in another namespace, on other metadata or with another profile, and switch back.

        ::

          %%mflow ns user:ann
          %%mflow ns none
          %%mflow metadata /data/other-team
          %%mflow profile production
        """
        words = tokenize(line, self._variables)
        if len(words) != 2 or words[0] not in _FOR_CELLS:  # noqa: PLR2004 - a command and where to look
            raise UsageError(
                f"%%mflow runs a cell elsewhere: %%mflow {' NAME, %%mflow '.join(_FOR_CELLS)} NAME. "
                "For one line, and for all other commands: %mflow."
            )
        shell, put_back = self.shell, remember()
        assert shell is not None  # a magic belongs to one
        __tracebackhide__ = True  # IPython leaves our frames out of the cell's own traceback
        try:
            run_line(line, self._variables)
            return _run(shell, cell)
        finally:
            put_back()


def _run(shell: "InteractiveShell", cell: str) -> Any:
    """Run a cell as IPython does, magics and all, and return what its last expression gives."""
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
        raise UsageError("A cell under %%mflow cannot await: switch with %mflow before it, and back after it.")
    exec(body, shell.user_global_ns, shell.user_ns)  # noqa: S102 - the user's own cell, in the user's own namespace
    return eval(value, shell.user_global_ns, shell.user_ns) if value else None  # noqa: S307 - as above


def load(ipython: "InteractiveShell") -> None:
    """Give a shell the magic and its completion; once more does no harm."""
    ipython.register_magics(MflowMagics)
    completion.load(ipython)
    terminal.load(ipython)


def unload(ipython: "InteractiveShell") -> None:
    """Take them from a shell."""
    completion.unload(ipython)
    terminal.unload(ipython)
    for kind in ("line", "cell"):
        ipython.magics_manager.magics[kind].pop("mflow", None)
    ipython.magics_manager.registry.pop(MflowMagics.__name__, None)
