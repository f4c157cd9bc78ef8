"""Displays of steps and artifacts."""

from mfwidgets.client.artifact import DataArtifact, MetaflowArtifacts, MetaflowData
from mfwidgets.client.base import MetaflowObject
from mfwidgets.errors import MetaflowException
from mfwidgets.providers.records import ArtifactRecord, RunRecord
from mfwidgets.queries.artifact_rows import rows_of
from mfwidgets.queries.context import ClientContext
from mfwidgets.queries.snapshot_provider import (
    MAX_SMALL_RUN_TASKS,
    remembering_context,
    snapshot_small_run,
)
from mfwidgets.queries.values.preview import Preview, preview
from mfwidgets.render.cell import EMPTY, Cell
from mfwidgets.render.numbers import counted
from mfwidgets.render.view import Table, View
from mfwidgets.views.artifacts import preview_lines
from mfwidgets.views.build_view import build_view
from mfwidgets.views.cells import Limits, size, time, zoned
from mfwidgets.views.object_code import object_code
from mfwidgets.views.previews import MAX_HOLDS_CHARS, number_facts, preview_parts
from mfwidgets.views.tables import artifacts_part

_MAX_LINE_CHARS = 2_000

_METHODS = ".data unpickles the value. .raw() returns its bytes. .lineage() also searches earlier runs."

SYSTEM_TAGS = "system tags"
"""The label of the tags that Metaflow made. The display of a run folds them."""

Facts = tuple[tuple[str, Cell], ...]


@build_view.register
def build_artifact_view(artifact: DataArtifact, limits: Limits) -> View:
    """Show the recorded facts of an artifact, and a preview of its value. Unpickles nothing."""
    artifact = DataArtifact._of(remembering_context(artifact._context), artifact._record, artifact._attempt)
    shown = preview(artifact._context, artifact._record)
    row = next(rows_of(artifact._context, [artifact._record]))
    run = artifact._run_record()
    parts = preview_parts(shown, limits)
    facts = [
        ("type", limits.code(row.type or "")),
        ("size", Cell(size(row.size).text, title=size(row.size).title)),
        ("holds", limits.text(shown.holds) if not parts or len(shown.holds) <= MAX_HOLDS_CHARS else EMPTY),
        *number_facts(shown.numbers),
        *(_lineage_facts(artifact, run, limits) if run else ()),
        (zoned("created"), time(artifact._record.created_ms)),
    ]
    record = [
        ("attempt", Cell(str(row.attempt))),
        ("encoding", limits.text(row.encoding)),
        ("sha", limits.code(row.sha)),
        *(run_facts(run, limits) if run else ()),
        ("methods", Cell(_METHODS, "dim")),
    ]
    rows = tuple((Cell(label, "dim"), cell) for label, cell in present(record))
    return View(
        kind="DataArtifact",
        name=object_name(artifact, limits),
        facts=present(facts),
        notes=_loading_line(artifact, shown),
        parts=(*parts, Table("Record", ("field", "value"), rows, folded=True)),
    )


def _loading_line(artifact: DataArtifact, shown: Preview) -> tuple[str, ...]:
    """Return the line that loads a value of which only a part, or the class and the fields, are shown.

    Empty if the line is very long, or if all is shown.
    """
    line = f"{object_code(artifact)}.data"
    if len(line) > _MAX_LINE_CHARS:
        return ()
    if shown.line and shown.imports:
        return (f"{line} loads the object, and runs the code of its pickle.",)
    return (f"{line} loads all of it. Shown: {shown.part}.",) if shown.part else ()


def _lineage_facts(artifact: DataArtifact, run: RunRecord, limits: Limits) -> list[tuple[str, Cell]]:
    """Show the task that created the bytes and how many passed them on. Empty for a large run, which would take long."""
    context = snapshot_small_run(artifact._context, run)
    if len(context.provider.tasks(run)) > MAX_SMALL_RUN_TASKS:
        return []
    try:
        lineage = DataArtifact._of(context, artifact._record, artifact._attempt).lineage(runs=0)
    except MetaflowException:  # the records for it cannot be read
        return []
    producer = "/".join(lineage.producer.path_components[2:])
    return [
        ("created by", limits.object(producer, lineage.producer.pathspec)),
        ("passed on to", Cell(counted(len(lineage.holders), "task") if lineage.holders else "")),
        ("cloned from", limits.code(lineage.origin or "")),
    ]


@build_view.register
def build_named_artifacts_view(artifacts: MetaflowArtifacts, limits: Limits) -> View:
    """Show the artifacts of a task, with previews of the small ones. Unpickles nothing."""
    task = artifacts[0].pathspec.rpartition("/")[0] if artifacts else ""
    records = [artifact._record for artifact in artifacts]
    return View(
        kind="MetaflowArtifacts",
        name=limits.text(task).text,
        notes=() if records else ("There are no artifacts yet.",),
        parts=_artifacts(artifacts[0]._context, records, limits) if records else (),
    )


@build_view.register
def build_data_view(data: MetaflowData, limits: Limits) -> View:
    """Show the artifacts of a task, with previews of the small ones. Unpickles nothing."""
    records = sorted((artifact._record for artifact in data._artifacts.values()), key=lambda record: record.name)
    return View(
        kind="MetaflowData",
        name=limits.text(data._task).text,
        notes=() if records else ("There are no artifacts yet.",),
        parts=_artifacts(data._context, records, limits) if records else (),
    )


def _artifacts(context: ClientContext, records: list[ArtifactRecord], limits: Limits) -> tuple[Table, ...]:
    """Show the artifacts of one task, with previews of the small ones."""
    context = remembering_context(context)

    def find(names: set[str]) -> list[ArtifactRecord]:
        return [record for record in records if record.name in names]

    return artifacts_part(rows_of(context, records), limits, preview_lines(context, find, limits))


def object_name(shown: MetaflowObject, limits: Limits) -> str:
    """Return the pathspec of an object, with its attempt if one was selected."""
    attempt = "" if shown._attempt is None else f", attempt {shown._attempt}"
    return f"{limits.text(shown.pathspec).text}{attempt}"


def present(facts: list[tuple[str, Cell]]) -> Facts:
    """Remove facts without a value."""
    return tuple((label, cell) for label, cell in facts if cell.text)


def run_facts(run: RunRecord, limits: Limits) -> Facts:
    """Show the user of a run, its user tags and its system tags."""
    return present(
        [
            ("user", limits.text(run.user)),
            ("user tags", limits.tag_list(run.user_tags, 5 * limits.tags)),
            (SYSTEM_TAGS, Cell(limits.tag_list(run.system_tags, 5 * limits.tags).text, "dim")),
        ]
    )
