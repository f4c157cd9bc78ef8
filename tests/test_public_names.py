"""A user sees the public names with Tab, and no others."""

import json
import subprocess
import sys

import pytest

import mfwidgets
from mfwidgets.client.cards import Card, CardContainer
from mfwidgets.client.code import MetaflowCode
from mfwidgets.client.trigger import Trigger
from mfwidgets.datastore.cards import CardFile

SHOWN = "to_dict to_html"
TABLE = f"{SHOWN} to_dicts to_pandas"
OBJECT = f"""
    {SHOWN} explore created_at id is_in_namespace origin_pathspec parent path_components pathspec
    system_tags tags user_tags
"""
COLLECTION = f"{TABLE} count first"

PUBLIC = {
    "Metaflow": f"{TABLE} disk_usage explore flows get metadata namespace namespaces runs",
    "Flow": f"{OBJECT} {TABLE} disk_usage latest_run latest_successful_run runs",
    "Run": f"""
        {OBJECT} {TABLE} add_tag add_tags artifacts cards code critical_path dag data duration elapsed end_task find_artifacts finished packages
        finished_at metadata_events remove_tag remove_tags replace_tag replace_tags started_at status steps successful
        tasks timeline trigger triggers user wait wait_async why
    """,
    "Step": f"""
        {OBJECT} {TABLE} cards child_steps control_task control_tasks duration elapsed environment_info finished_at grid
        parent_steps started_at status task tasks
    """,
    "Task": f"""
        {OBJECT} {TABLE} ancestors artifacts attempts cards child_task_pathspecs child_tasks code current_attempt data
        descendants duration elapsed environment_info exception finished finished_at foreach_values index loglines logs metadata
        metadata_dict parent_task_pathspecs parent_tasks recorded_exception runtime_name started_at status stderr stderr_size stdout
        stdout_size successful
    """,
    "DataArtifact": f"{OBJECT} data encoding finished_at lineage raw sha size type",
    "Runs": f"{COLLECTION} compare find_artifacts grid group_by head nlargest nsmallest plot sort_by successful timings where",
    "Steps": f"{SHOWN} count first",
    "Tasks": f"{COLLECTION} plot",
    "RelatedTasks": f"{COLLECTION} plot",
    "Artifacts": COLLECTION,
    "MetadataEvents": COLLECTION,
    "Timings": COLLECTION,
    "Logs": f"{TABLE} attempt grep last lines pathspec pattern size stream text streams tail view",
    "Why": f"{SHOWN} attempt attempts caught_tasks causes changed_files differences errors exception history item last_good log meanings "
    "other_failed_tasks own_log reported run source status task what_to_try",
    "Comparison": f"{TABLE} baseline code differences names objects packages results",
    "Packages": f"{TABLE} note run",
    "DiskUsage": f"{TABLE} left_out size title",
    "Lineage": f"{SHOWN} artifact earlier_runs holders origin producer runs_searched",
    "Grid": f"{SHOWN} by lines step",
    "RunGrid": f"{SHOWN} steps to_pandas",
    "RunGraph": f"{SHOWN} run to_pandas to_svg",
    "RunTimeline": f"{SHOWN} run to_pandas to_svg",
    "MetaflowArtifacts": f"{SHOWN} count index alpha label name nothing numbers text x",
    "MetaflowData": "alpha label name nothing numbers text x",
    "MetaflowCode": f"{SHOWN} extract extractall files flowspec info path script_name sha tarball",
    "Trigger": "event events from_runs run runs",
    "Card": f"{SHOWN} from_resumed get get_data hash id origin_pathspec path pathspec size type view",
    "CardContainer": f"{SHOWN} count from_resumed index origin_pathspec pathspec save",
}


@pytest.fixture
def objects(client, runs):
    """Return an object of each public class, by the name of its class."""
    flow = client["LinearFlow"]
    run = flow.latest_run
    step = run["start"]
    task = step.task
    card = Card(None, CardFile("type", None, "hash", "key"))
    made = [
        client, flow, run, step, task, task["x"], flow.runs(), run.steps(), run.tasks(), run.critical_path(),
        run.artifacts(), run.metadata_events(), flow.runs().timings(), task.logs(), run.why(),
        mfwidgets.compare(run, run), task["x"].lineage(), step.grid(), run.dag(), run.timeline(), task.artifacts,
        MetaflowCode(run._context, "F", '{"location": "", "sha": "", "ds_type": "local"}'), Trigger([]),
        task.data, card, CardContainer("F/1/s/2", [], None), run.packages(), flow.disk_usage(), flow.runs().grid(),
    ]  # fmt: skip
    return {type(one).__name__: one for one in made}


def test_every_object_shows_its_public_names_only(objects):
    shown = {kind: {name for name in dir(one) if not name.startswith("_")} for kind, one in objects.items()}
    assert shown == {kind: set(names.split()) for kind, names in PUBLIC.items()}


PROGRAM = """
import json, mfwidgets
fresh = dir(mfwidgets)
mfwidgets.metadata({folder!r})
mfwidgets.namespace(None)
mfwidgets.Flow("LinearFlow").latest_run._repr_html_()
mfwidgets.explore()
print(json.dumps([fresh, dir(mfwidgets)]))
"""


def test_the_package_shows_its_public_names_only_before_and_after_use(runs):
    program = PROGRAM.format(folder=str(runs.folder))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    for names in json.loads(done.stdout):
        assert [name for name in names if not name.startswith("__")] == mfwidgets.__all__
