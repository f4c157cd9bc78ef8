"""What ``--json`` prints of one part of a run alone: its graph, its timeline, the grid of a step."""

from mfwidgets.cli.json import data_of, loaded_run, steps_data, tasks_data
from mfwidgets.client.answers.grid import Grid
from mfwidgets.client.answers.run_parts import RunGraph, RunTimeline
from mfwidgets.queries.json_rows import Facts, status_facts


@data_of.register
def data_of_graph(graph: RunGraph) -> Facts:
    """Tell the steps in their order, those that did not run as well."""
    run, row, tasks, nodes = loaded_run(graph.run)
    ran = {one["step"]: one for one in steps_data(run, tasks, list(nodes))}
    nothing = {"pathspec": None, **status_facts(None), "task_count": 0}
    steps = [
        {"step": name, **{key: ran.get(name, nothing)[key] for key in nothing}, **_node(nodes.get(name, {}))}
        for name in dict.fromkeys([*nodes, *ran])
    ]
    return {"kind": "graph", "pathspec": run.pathspec, **status_facts(row.status), "steps": steps}


def _node(node: Facts) -> Facts:
    return {"type": node.get("type"), "next": list(node.get("next") or ())}


@data_of.register
def data_of_timeline(timeline: RunTimeline) -> Facts:
    """Tell when steps and tasks began and ended, and which the duration hangs on."""
    run, row, tasks, nodes = loaded_run(timeline.run)
    return {
        "kind": "timeline",
        "pathspec": run.pathspec,
        **status_facts(row.status),
        "steps": steps_data(run, tasks, list(nodes)),
        "tasks": tasks_data(tasks),
        "critical_path": [task.pathspec for task in run.critical_path()],
    }


@data_of.register
def data_of_grid(grid: Grid) -> Facts:
    """Tell what each tile stands for."""
    rows = [
        {
            "item": item,
            "tasks": [
                {"pathspec": cell.row.pathspec, "status": str(cell.row.status), "value": cell.value} for cell in cells
            ],
        }
        for item, cells in grid.lines.items()
    ]
    return {"kind": "grid", "pathspec": grid.step.pathspec, "by": grid.by, "rows": rows}
