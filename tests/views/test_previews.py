"""The display of values: one answer in a task's table, the artifact's display and its dict, in text and HTML."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from local_world import World
from record_pickles import recorded

from mfwidgets import Metaflow

HOSTILE = "</summary></details><img src=x onerror=alert(1)>\x1b[2J"
VALUES = {
    "accuracy": 0.8734,
    "losses": [2.0 / (step + 1) for step in range(60)],
    "weights": np.linspace(-1, 1, 500),
    "noise": np.random.default_rng(4).normal(size=400),
    "cube": np.random.default_rng(4).normal(size=(4, 5, 6)),
    "history": {"loss": [1 / (step + 1) for step in range(40)], "accuracy": [step / 40 for step in range(40)]},
    "few": [1.5, 2.5],
    "same": [3] * 50,
    "gaps": [1.0, None, 3.0, 2.0],
    "matrix": np.array([[50, 2], [3, 45]]),
    "config": {"model": {"kind": "forest", "depth": 8}, "seed": 7, "history": [0.5, 0.4] * 20},
    "frame": pd.DataFrame({"n": [1, 2, 3] * 20, "city": ["Graz", "Wels", None] * 20}),
    "records": [{"fold": 1, "auc": 0.5}, {"fold": 2, "auc": 0.75}],
    "pixels": np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]], "u1"),
    "words": "first line\nsecond line",
    "raw": bytes(range(64)),
    "utf8": "naïve ✓\nsecond".encode(),
    "hostile": {HOSTILE: {HOSTILE: HOSTILE}, "frame": [HOSTILE]},
    "hostile_frame": pd.DataFrame({HOSTILE: [HOSTILE, None]}, index=[HOSTILE, "b"]),
    "hostile_records": [{HOSTILE: HOSTILE}, {HOSTILE: 1}],
}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    world = World(tmp_path_factory.mktemp("previews"))
    for step, task in (("_parameters", "0"), ("end", "2")):
        world.task("F", "1", step, task)
    for name, value in VALUES.items():
        world.artifact("F/1/end/2", name, value, content=pickle.dumps(value, 4))
    world.artifact("F/1/end/2", "model", content=recorded()["pandas-3-arrow", "pipeline"])
    return Metaflow(metadata=f"local@{world.base}", namespace=None)


@pytest.fixture(scope="module")
def bundles(client):
    task = client.get("F/1/end/2")
    return {name: task[name]._repr_mimebundle_() for name in [*VALUES, "model"]}


def test_a_value_is_shown_alike_everywhere(client, bundles):
    task = client.get("F/1/end/2")
    table = task.artifacts._repr_mimebundle_()["text/plain"]
    for name in ("accuracy", "losses", "weights", "matrix", "frame", "raw", "pixels"):
        holds = task[name].to_dict()["holds"]
        assert holds in bundles[name]["text/plain"]
        assert holds in table
    assert task["losses"].to_dict()["holds"] == "list of 60, 0.03333 to 2"


def test_a_table_has_small_pictures(client):
    html = client.get("F/1/end/2").artifacts._repr_html_()
    assert re.search(
        r'<img class="mfw-icon" src="data:image/png;base64,[^"]{20,2000}" alt="" style="height:20px"> array of uint8',
        html,
    )
    assert html.count('class="mfw-small-chart"') == 4  # losses, weights, noise, cube


def test_facts_as_data(client):
    task = client.get("F/1/end/2")
    numbers = task["losses"].to_dict()["numbers"]
    assert (numbers["count"], numbers["min"], numbers["max"]) == (60, 2.0 / 60, 2.0)
    columns = task["frame"].to_dict()["columns"]
    assert [(column["name"], column["missing"], column["distinct"]) for column in columns] == [
        ("n", 0, None),
        ("city", 20, 2),
    ]
    assert columns[1]["frequent"] == [{"value": "Graz", "count": 20}, {"value": "Wels", "count": 20}]


def test_a_dict_is_a_tree(bundles):
    text = bundles["config"]["text/plain"]
    assert "  model    dict of 2\n    kind   'forest'\n    depth  8\n  seed     7\n  history  list of 40" in text
    html = bundles["config"]["text/html"]
    assert re.search(r'<details class="mfw-branch" open><summary><code class="mfw-key"[^>]*>model</code>', html)


def test_a_pipeline_is_a_tree_of_its_steps(bundles):
    text = bundles["model"]["text/plain"]
    assert re.search(r"steps +list of 2\n    standardscaler +StandardScaler\n      with_mean +True", text)
    assert ".data loads the object, and runs the code of its pickle." in text


def test_the_columns_of_a_frame(bundles):
    text = bundles["frame"]["text/plain"]
    assert re.search(r"n +int64 +1 to 3 +2 +███", text)
    assert re.search(r"city +(str|object) +20 \(33%\) +Graz 50%, Wels 50%", text)
    assert "First rows (10 of 60 rows)" in text


def test_records_are_a_table(bundles):
    assert re.search(r"fold +auc\n  0 +1 +0.5\n  1 +2 +0.75", bundles["records"]["text/plain"])


def test_few_pixels_are_enlarged_and_crisp(bundles):
    html = bundles["pixels"]["text/html"]
    assert re.search(
        r'<img src="data:image/png;base64,[^"]+" alt="Picture" style="width:96px;max-width:100%;image-rendering:pixelated">',
        html,
    )


def test_text_and_bytes_are_readable(bundles):
    assert "  first line\n  second line" in bundles["words"]["text/plain"]
    assert "naïve ✓\n  second" in bundles["utf8"]["text/plain"]
    assert "30  30 31 32 33" in bundles["raw"]["text/plain"]
    assert "0123456789:;<=>?" in bundles["raw"]["text/plain"]


@pytest.mark.parametrize("name", ["hostile", "hostile_frame", "hostile_records"])
def test_no_name_becomes_markup(bundles, name):
    assert "<img" not in bundles[name]["text/html"]
    assert "&lt;img" in bundles[name]["text/html"]
    assert "\x1b" not in bundles[name]["text/html"] + bundles[name]["text/plain"]


def test_a_matrix_is_shaded_by_value(bundles):
    html = bundles["matrix"]["text/html"]
    opacity = {
        number: float(alpha)
        for alpha, number in re.findall(r"rgba\(25,118,210,([\d.]+)\);padding:4px 8px\">(\d+)<", html)
    }
    assert opacity == {"50": 0.6, "2": 0.02, "3": 0.04, "45": 0.54}
    assert re.search(r"0 +1\n  0 +50 +2\n  1 +3 +45", bundles["matrix"]["text/plain"])


def charts_in(bundle):
    return re.findall(r"<summary>(Curve|Curves|Distribution)[ <]", bundle["text/html"])


def test_a_course_is_a_curve_and_a_sample_a_distribution(bundles):
    assert charts_in(bundles["losses"]) == ["Curve"]
    assert charts_in(bundles["noise"]) == ["Distribution", "Curve"]
    assert charts_in(bundles["cube"]) == ["Distribution"]
    assert charts_in(bundles["history"]) == ["Curves"]
    assert charts_in(bundles["few"]) == charts_in(bundles["same"]) == charts_in(bundles["gaps"]) == []


def test_the_facts_of_numbers_are_in_the_heading(bundles):
    text = bundles["gaps"]["text/plain"]
    assert re.search(r"mean +2\n", text)
    assert re.search(r"missing +1 \(25%\)\n", text)
    assert "mean" not in bundles["few"]["text/plain"]


def test_a_chart_has_its_numbers_in_text(bundles):
    text = bundles["history"]["text/plain"]
    assert re.search(r"Curves\n.*loss +40 +0\.025 +0\.107 +1\n", text, re.DOTALL)
