"""Copies rows of one run many times. Only the rows that a table of runs needs are copied."""

from service.store import TABLES, Row

_KEPT = {"_success", "_task_ok", "_transition"}
SECOND = 1000


def many_runs(
    tables: dict[str, list[Row]], flow: str, run_number: int, copies: int, full: int = 1
) -> dict[str, list[Row]]:
    """Return rows of a flow with this many runs, one second apart. The newest one is the given run.

    The newest ``full`` runs are complete. The others have the run, its step ``end`` with one task, the metadata with the
    result, and the artifacts with the result.
    """
    ours = {table: [row for row in tables[table] if row["flow_id"] == flow] for table in TABLES}
    one = {table: [row for row in rows if row.get("run_number") in (None, run_number)] for table, rows in ours.items()}
    found: dict[str, list[Row]] = {table: list(rows) for table, rows in one.items()}
    start = run_number - copies
    for number in range(1, copies):
        moved = {"run_number": 1_000_000 + start + number}
        for table in TABLES[1:]:
            kept = (row for row in one[table] if copies - number < full or _is_kept(table, row))
            found[table] += [_copy(row, moved, (copies - number) * SECOND) for row in kept]
    return found


def _is_kept(table: str, row: Row) -> bool:
    if table == "runs_v3":
        return True
    if row.get("step_name") != "end":
        return False
    return row.get("name", "_success") in _KEPT and row.get("field_name", "attempt_ok") == "attempt_ok"


def _copy(row: Row, moved: Row, earlier_ms: int) -> Row:
    found = row | moved | {"ts_epoch": row["ts_epoch"] - earlier_ms}
    if "task_id" in row:
        found["task_id"] = 1000 * found["run_number"] + row["task_id"] % 1000
    if "id" in row:
        found["id"] = 1000 * found["run_number"] + row["id"] % 1000
    if row.get("last_heartbeat_ts"):
        found["last_heartbeat_ts"] = row["last_heartbeat_ts"] - earlier_ms // SECOND
    return found


def many_tasks(tables: dict[str, list[Row]], step: str, copies: int) -> dict[str, list[Row]]:
    """Return rows with this many more tasks of a foreach: copies of the first task of a step, each with its own index."""
    first = min(row["task_id"] for row in tables["tasks_v3"] if row["step_name"] == step)
    found: dict[str, list[Row]] = {table: list(rows) for table, rows in tables.items()}
    for number in range(1, copies + 1):
        for table in ("tasks_v3", "metadata_v3", "artifact_v3"):
            for row in tables[table]:
                if row["step_name"] == step and row["task_id"] == first:
                    copy = row | {"task_id": 1_000_000 + number}
                    if "id" in row:
                        copy["id"] = 10_000_000 + 1000 * number + row["id"] % 1000
                    if row.get("field_name") == "foreach-execution-path":
                        copy["value"] = f"{step}:{1000 + number}"
                    found[table].append(copy)
    return found
