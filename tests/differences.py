"""The intended differences from Metaflow's client: each item of the list in ``README.md``, and what proves it.

An :class:`Intended` is a difference that ``test_differential`` meets. A str names the test of any other difference.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Intended:
    """A difference between answers: questions, pathspecs, the answer of Metaflow's client, and our answer.

    ``always`` is False if the difference depends on milliseconds, so that some runs do not show it.
    """

    facts: str
    pathspecs: str
    theirs: str
    ours: str
    always: bool = True

    def covers(self, pathspec, fact, theirs, ours):
        return (
            re.fullmatch(self.facts, fact)
            and re.fullmatch(self.pathspecs, pathspec)
            and re.search(self.theirs, str(theirs), re.DOTALL)
            and re.search(self.ours, str(ours), re.DOTALL)
        )


NEIGHBOURS = r"(parent|child)_task(s|_pathspecs)"
LOGS = r"stdout|stderr|loglines.*"

DIFFERENCES = {
    "`status` is an addition.": ["tests/client/test_objects.py::test_the_status_of_runs"],
    "A killed task has the status `killed`, and its reason names the signal.": [
        "tests/client/test_differential.py::test_a_killed_task"
    ],
    "`flow.runs()`, `run.steps()`, `run.tasks()` and `step.tasks()` return views.": [
        "tests/client/collections/test_base.py::test_a_collection_is_lazy_and_reiterable"
    ],
    "The artifacts of a task come in the order of their names.": [
        "tests/client/test_differential.py::test_the_order_of_artifacts"
    ],
    "`is_in_namespace()` of a flow says whether any of its runs is in the namespace.": [
        "tests/client/test_differential.py::test_a_flow_in_a_namespace"
    ],
    "`finished_at` of a task is the end of its newest attempt, even if that attempt stored no result.": [
        Intended("finished_at", r"RetryFlow/\d+/flaky/\d+", r"\d", r"\d", always=False),
    ],
    "`origin_pathspec` is None for a run that was not resumed.": [
        Intended("origin_pathspec", ".*", "/None", "NoneType None"),
    ],
    "A `.metaflow` folder still opens after it was moved or copied.": [
        "tests/client/test_objects.py::test_a_moved_folder_still_opens"
    ],
    "Undecodable bytes in logs become U+FFFD.": [
        Intended("stdout|loglines stdout", "LogFlow/.*", "UnicodeDecodeError", "\ufffd"),
    ],
    "Logs of tasks that died before their step began are found.": [
        Intended(
            LOGS + "|stderr_size", "DeathFlow/.*", r"int 0|'\\\\n'|NoneType None, str ''", "int [1-9]|ImportError"
        ),
        Intended("stdout|stderr", ".*", r"'\\\\n'", "''"),
        Intended("loglines.*", ".*", r"tuple\(NoneType None, str ''\)", r"list\(\)"),
    ],
    "Parents and children are also correct in flows with loops or switches.": [
        # A pseudo step has no neighbours, which is not an error.
        Intended("child_steps|parent_steps|" + NEIGHBOURS, r".*/_parameters(/\d+)?", "KeyError", "each '"),
        # An attempt that does not exist has the neighbours of its task.
        Intended(NEIGHBOURS, ".*", "KeyError", "each "),
        Intended("parent_steps|child_steps", ".*", "MetaflowNotFound|KeyError", "each "),
        # The iterations before and after, not all iterations: test_related_tasks checks these.
        Intended(NEIGHBOURS, "LoopFlow/.*", "each ", "each "),
    ],
    "`end_task` of a resumed run is found even if its end step is not called `end`.": [
        Intended("successful|finished", r"LoopFlow/\d+", "False", "True"),
        Intended("data|end_task|finished_at", r"LoopFlow/\d+", "None", "each|finish|20"),
        Intended("latest_successful_run", "LoopFlow", "Run", "Run"),
    ],
    "Tags given as a generator are applied.": [
        "tests/client/test_tags.py::test_lists_and_generators_of_tags",
        "tests/datastore/test_code_package.py::test_extracting_the_users_files",
    ],
    "Unpickling a client object does not change global settings.": [
        "tests/client/test_pickling.py::test_nothing_global_changes"
    ],
    "Characters such as `*` or `[` in names have no special meaning.": [
        "tests/providers/test_local.py::test_names_are_taken_literally"
    ],
    "Objects are equal if provider, pathspec and attempt are equal.": [
        "tests/client/test_differential.py::test_equal_objects"
    ],
    "Tagging a local run, also with Metaflow, does not change its `created_at`, its user or its position in the order.": [
        "tests/providers/test_local.py::test_tagging_changes_neither_start_nor_user_nor_order"
    ],
    "Mistakes raise named errors that suggest a solution (`mfwidgets.errors`).": [
        "tests/client/test_differential.py::test_module_level_questions",
        "tests/client/test_odd_arguments.py::test_an_odd_argument",
    ],
}
INTENDED = [line for lines in DIFFERENCES.values() for line in lines if isinstance(line, Intended)]
