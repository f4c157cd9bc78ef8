"""Tables and SVG files of the timeline and the graph of a run, against Metaflow's own client."""

import xml.etree.ElementTree as ET

import pandas as pd
import pytest
from hostile import World, assert_visible

from mfwidgets import Metaflow

NAMES = ("linear", "foreach", "branch", "loop", "failing", "resumed", "retry", "killed", "abandoned")


@pytest.mark.parametrize("name", NAMES)
def test_the_timeline_has_the_attempts_of_all_tasks(client, metaflow, runs, name):
    frame = client.get(runs[name]).timeline().to_pandas()
    run = metaflow.Run(runs[name])
    theirs = {}
    for step in run:
        for task in step:
            recorded = {int(event.value) for event in task.metadata if event.name == "attempt"}
            theirs[task.pathspec] = (step.id, recorded)
    ours = {
        pathspec: (rows.step.iloc[0], set(rows.attempt.dropna().astype(int)))
        for pathspec, rows in frame.groupby("pathspec")
    }
    assert ours == theirs
    assert frame.created_at.is_monotonic_increasing
    assert frame.started_at.dt.tz is not None
    over = frame.dropna(subset=["started_at", "finished_at"])
    assert (over.duration == over.finished_at - over.started_at).all()
    assert (over.started_at >= over.created_at - pd.Timedelta(seconds=1)).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_has_the_steps_of_the_flow(client, metaflow, runs, name):
    frame = client.get(runs[name]).dag().to_pandas().set_index("step")
    run = metaflow.Run(runs[name])
    steps = run["_parameters"].task["_graph_info"].data["steps"]
    assert list(frame.index) == list(steps)
    for step, node in steps.items():
        assert frame.type[step] == node["type"]
        assert frame.next[step] == list(node["next"])
        assert frame.previous[step] == [other for other in steps if step in steps[other]["next"]]
        assert frame.task_count[step] == (len(list(run[step])) if step in [ran.id for ran in run] else 0)
    foreach = [step for step, node in steps.items() if node["type"] == "split-foreach"]
    assert list(frame.index[frame.foreach.notna()]) == foreach


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", ["timeline", "dag"])
def test_the_picture_names_each_step_in_whole(client, runs, tmp_path, name, part):
    run = client.get(runs[name])
    shown = getattr(run, part)()
    file = shown.to_svg(tmp_path / "part.svg")
    svg = file.read_text(encoding="utf-8")
    texts = [element.text or "" for element in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
    assert run.pathspec in texts[0]
    assert {step.id for step in run} <= set(texts)
    assert "var(" not in svg
    assert "color-mix" not in svg  # other programs than browsers do not know them
    assert shown.to_svg() == svg or run.status == "running"


def test_a_run_without_tasks_says_so(client, runs, tmp_path):
    folder = tmp_path / ".metaflow" / "F"
    (folder / "1" / "_meta").mkdir(parents=True)
    template = next((runs.root / "LinearFlow").glob("1*/_meta/_self.json")).read_text()
    run_id = next((runs.root / "LinearFlow").glob("1*/_meta/_self.json")).parents[1].name
    (folder / "1" / "_meta" / "_self.json").write_text(template.replace("LinearFlow", "F").replace(run_id, "1"))
    (folder / "_meta").mkdir()
    flow = (runs.root / "LinearFlow" / "_meta" / "_self.json").read_text()
    (folder / "_meta" / "_self.json").write_text(flow.replace("LinearFlow", "F"))
    run = Metaflow(metadata=f"local@{tmp_path}", namespace=None).get("F/1")
    for shown in (run.timeline(), run.dag()):
        assert "No task has started yet." in shown.to_svg()
        assert shown.to_pandas().empty


def test_hostile_names_stay_text(runs, tmp_path):
    client = World(runs, tmp_path).client()
    for flow in client:
        for run in flow:
            for shown in (run.timeline(), run.dag()):
                root = ET.fromstring(shown.to_svg())
                tags = {element.tag.rpartition("}")[2] for element in root.iter()}
                assert tags <= {"svg", "style", "text", "g", "title", "path", "rect", "line", "circle"}
                assert not [name for element in root.iter() for name in element.attrib if name.startswith("on")]
                for element in root.iter("{http://www.w3.org/2000/svg}text"):
                    assert_visible(element.text or "")
                shown.to_pandas()
