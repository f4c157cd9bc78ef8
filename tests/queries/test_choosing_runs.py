"""Runs chosen with the filter language: values equal brute force, and facts about runs are applied by the service."""

import math
import operator
import re
import warnings
from contextlib import suppress

import numpy as np
import pytest
from corpus import Corpus

from mfwidgets import Metaflow, errors

ORDERS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@pytest.fixture(params=["local", "service"])
def world(request, runs):
    """Return the corpus and a client."""
    if request.param == "local":
        return runs, Metaflow(metadata=runs.folder, namespace=None)
    found, service = request.getfixturevalue("on_service")
    return found, Metaflow(metadata=service.url, namespace=None)


def names(world: tuple[Corpus, Metaflow], flow: str, text: str, **options) -> list[str]:
    """Return the names of the chosen runs."""
    found, client = world
    by_pathspec = {pathspec: name for name, pathspec in found.pathspecs.items()}
    return sorted(by_pathspec[run.pathspec] for run in client[flow].runs().where(text, **options))


def chosen(world, flow, text, **options):
    """Return the names of the chosen runs. Warnings do not matter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", errors.ValuesNotRead)
        return names(world, flow, text, **options)


VALUES = ["values", "values-deep", "values-other"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rate<0.3", ["values", "values-deep"]),
        ("rate=0.1", ["values", "values-deep"]),
        ("rate!=0.1", ["values-other"]),
        ("rate>=1e-1 depth>3", ["values-deep"]),
        ("rate>0.05 rate<0.3 kind=tree", ["values", "values-deep"]),
        ("param.rate=.5", ["values-other"]),
        ("artifact.rate=.5", ["values-other"]),  # each task has the parameters, too
        ("kind~FOR", ["values-other"]),
        ("kind>=g", ["values", "values-deep"]),
        ("score>0.35", ["values-deep", "values-other"]),  # numpy's numbers
        ("artifact.score=1.5", ["values-other"]),
        ("passed=true", VALUES),
        ("passed=false", []),
        ("passed!=false", VALUES),
        ("mixed=few", ["values", "values-other"]),
        ("mixed!=4", ["values", "values-other"]),
        ("losses~0.25", ["values-other"]),
        ("rate=none", []),
        ("rate<inf", VALUES),
        ("score=nan", []),
        ("score!=nan", VALUES),
        ("user:bob", ["values-other"]),
        ("-user:bob rate=0.1 depth=3", ["values"]),
        ("user:ann,bob depth=3", ["values", "values-other"]),
        ("status:completed kind=forest", ["values-other"]),
        ("-status:completed", []),
        ("bob", ["values-other"]),
        ("-BOB ValueFlow", []),
        ("since:3000d until:2000-01-01", []),
    ],
)  # fmt: skip
def test_runs_are_chosen(world, text, expected):
    assert names(world, "ValueFlow", text) == expected


def test_one_task_meets_all_conditions(world):
    assert names(world, "ValueFlow", "fold=2 loss<0.1", step="train") == ["values", "values-deep"]
    assert names(world, "ValueFlow", "fold=1 loss<0.06", step="train") == []


def test_facts_of_other_flows(world):
    assert chosen(world, "FailingFlow", "status:failed tag:nightly") == ["failing"]
    assert chosen(world, "FailingFlow", "-status:failed") == ["resumed"]
    assert chosen(world, "LinearFlow", "tag:nightly -tag:team:blue") == ["linear-bob"]
    assert chosen(world, "LinearFlow", "tag:nightly tag:team:blue") == ["linear"]
    assert chosen(world, "LinearFlow", "'<script>'") == ["linear-hostile"]
    found, client = world
    run = client.get(found["project-branch"])
    assert chosen(world, "ProjectFlow", f"id:{run.id},nothing") == ["project-branch"]
    tags = dict(tag.split(":", 1) for tag in run.tags if tag.startswith("project"))
    assert chosen(world, "ProjectFlow", f"project:{tags['project']} branch:{tags['project_branch']}") == [
        "project-branch"
    ]
    assert chosen(world, "ProjectFlow", f"-branch:{tags['project_branch']}") == ["project"]


# -- brute force: Metaflow's own client reads the values ------------------------------------------------------------------


def brute_force(metaflow, runs, flow, name, compare):
    """Return the runs for which Metaflow's client has a value that is accepted."""
    accepted = []
    for pathspec in sorted(set(runs.pathspecs.values())):
        if not pathspec.startswith(f"{flow}/"):
            continue
        data = {}
        for task in [metaflow.Run(pathspec).end_task, metaflow.Step(f"{pathspec}/_parameters").task]:
            if task is not None:
                with suppress(Exception):  # a class that is not importable here
                    data[name] = task[name].data
        with suppress(TypeError):
            if name in data and compare(data[name]) is True:
                accepted.append(pathspec)
    return accepted


LITERALS = ["0", "1", "0.1", "-1", "1e9", "3", "true", "'3'", "tree", "x", "0.5", "'0.1'", "none", "nan", "inf"]


def accepts(sign, literal):
    """Return the comparison in Python. It raises TypeError for values that cannot be compared."""
    value = {"true": True, "none": None}.get(literal)
    if value is None and literal != "none":
        with suppress(ValueError):
            value = float(literal) if re.search(r"[.e]|nan|inf", literal) else int(literal)
        value = literal.strip("'") if value is None else value

    def compare(own):
        if isinstance(own, np.ndarray):
            return sign == "!="
        if sign in ("=", "!="):
            both_nan = isinstance(value, float) and math.isnan(value) and isinstance(own, float) and math.isnan(own)
            return bool(own == value or both_nan) is (sign == "=")
        return bool(ORDERS[sign](own, value))

    return compare


@pytest.mark.parametrize(
    ("flow", "name"),
    [
        ("ValueFlow", "rate"), ("ValueFlow", "depth"), ("ValueFlow", "kind"), ("ValueFlow", "score"), ("ValueFlow", "passed"),
        ("ValueFlow", "mixed"), ("ValueFlow", "weights"), ("LinearFlow", "alpha"), ("LinearFlow", "label"), ("LinearFlow", "x"),
        ("FailingFlow", "numbers"), ("LoopFlow", "total"),
    ],
)  # fmt: skip
def test_each_comparison_equals_brute_force(runs, client, metaflow, flow, name):
    for sign in ("=", "!=", *ORDERS):
        for literal in LITERALS:
            if sign in ORDERS and literal in ("true", "none", "nan"):
                continue
            text = f"{name}{sign}{literal}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", errors.ValuesNotRead)
                own = sorted(run.pathspec for run in client[flow].runs().where(text))
            assert own == brute_force(metaflow, runs, flow, name, accepts(sign, literal)), text


# -- a service applies the facts ------------------------------------------------------------------------------------------


def test_a_service_gets_the_facts(on_service):
    found, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None)["LinearFlow"]
    service.reset()
    runs = list(flow.runs().where("user:bob tag:nightly status:completed since:3000d until:2100-01-01"))
    assert [run.pathspec for run in runs] == [found["linear-bob"]]
    queries = [dict(request["query"]) for request in service.requests() if request["path"].endswith("/LinearFlow/runs")]
    assert len(queries) == 1
    assert queries[0].pop("ts_epoch:ge") > "15"
    assert queries[0].pop("ts_epoch:le") == "4102444800000"
    del queries[0]["_limit"]
    assert queries[0] == {"_tags:all": "nightly", "user_name:eq": "bob", "status:eq": "completed"}


def test_each_value_costs_no_request_of_its_own(on_service):
    _, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None)["ValueFlow"]
    service.reset()
    assert flow.runs().where("rate<0.3 kind=tree score>0.1 passed=true").count() == 2
    paths = [request["path"] for request in service.requests()]
    artifacts = [path for path in paths if "artifacts" in path]
    assert len(artifacts) == 2 * 3  # three runs: the parameters and the end task of each
    service.reset()
    assert flow.runs().where("rate<0.3 kind=tree score>0.1 passed=true").count() == 2
    assert not [request["path"] for request in service.requests() if "artifacts" in request["path"]]  # remembered


# -- combinations -----------------------------------------------------------------------------------------------------------


def test_conditions_combine(client, runs):
    flow = client["ValueFlow"]
    both = flow.runs(user="ann").where("rate<0.3").where("depth>3").where(kind="tree")
    assert [run.pathspec for run in both] == [runs["values-deep"]]
    assert repr(both) == "<runs of ValueFlow by ann where rate<0.3 where depth>3 where kind == 'tree'>"
    assert [run.pathspec for run in flow.runs().where("rate<0.3", depth=lambda depth: depth > 3)] == [
        runs["values-deep"]
    ]
    assert list(flow.runs(user="ann").where("user:bob")) == []
    assert flow.runs("nothing").where("tag:more").count() == 0
    assert flow.runs(limit=1).where("rate=0.1").count() == 1
    assert flow.runs(since="2000-01-01").where("since:2001-01-01 until:2100-01-01").count() == 3
    assert flow.runs().where("tag:x user:ann -tag:y bob rate<1")._filter.described() == (
        " by ann tagged x with -tag:y with bob"
    )
    frame = flow.runs().where("rate<0.3").to_pandas(params=True)
    assert list(frame["param.rate"]) == [0.1, 0.1]
    assert flow.runs().where("rate<0.3").first().pathspec == runs["values-deep"]


def test_nothing_is_read_before_the_runs_are_used(on_service):
    _, service = on_service
    flow = Metaflow(metadata=service.url, namespace=None)["ValueFlow"]
    service.reset()
    flow.runs().where("rate<0.3 status:failed tag:x")
    assert service.requests() == []


@pytest.mark.parametrize(
    ("conditions", "more", "message"),
    [
        ("", {}, "Expected conditions such as .* got an empty string"),
        (" ", {}, "got an empty string"),
        (5, {}, "Expected conditions such as .* name=value pairs or a dict"),
        ("rate<1", {"rate": 0.1}, "Expected one condition on 'rate'"),
        ("user:ann user:bob", {}, "Try user:ann,bob, which means one of them"),
        ("id:1 id:2", {}, "Try id:1,2"),
        ("status:failed status:completed", {}, "got failed and completed"),
        ("-status:completed,caught,failed,running,unknown", {}, "at least one status"),
        ("rate<1", {"step": ""}, "Expected step= to be the name of a step"),
        ("tag:x", {"step": 5}, "Expected step= to be the name of a step"),
        ("rate<1", {"max_bytes": -1}, "Expected max_bytes="),
    ],
)  # fmt: skip
def test_bad_arguments(client, conditions, more, message):
    with pytest.raises(errors.MetaflowInvalidArgument, match=message):
        client["ValueFlow"].runs().where(conditions, **more)


# -- warnings -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rtae<1", r"where\(rtae<1\): none of 3 runs has a parameter or an artifact of its end task with this name. Try rate."),
        ("RATE<1", "Try rate."),
        ("param.rtae<1", "none of 3 runs has a parameter with this name. Try param.rate."),
        ("param.score<1", "none of 3 runs has a parameter with this name. Try artifact.score."),
        ("artifact.socre<1", "an artifact of its end task with this name. Try artifact.score."),
        ("params.rate<1", "Try rate."),
        ("zzz<1", "There are depth, kind, rate"),
        ("kind>3", r"where\(kind>3\): skipped runs whose value has another type: str \('tree'\) cannot be compared with a number"),
        ("rate>x", "float .* cannot be compared with text"),
        ("losses<1", r"list \(\[.*\) cannot be compared with a number"),
        ("weights<1", "ndarray .* cannot be compared with a number"),
        ("rate~1", r"float \(0.[15]\) contains no text"),
        ("model=3", "whose value was not read: not a plain value"),
        ("large~x", "larger than 100,000 bytes"),
        ("score.auc<1", "none of 3 runs has 'auc' in 'score'"),
    ],
)  # fmt: skip
def test_warnings(client, text, message):
    with pytest.warns(errors.ValuesNotRead, match=message) as caught:
        assert list(client["ValueFlow"].runs().where(text)) == []
    assert len(caught) == 1
    assert caught[0].filename == __file__


def test_a_display_shows_the_warning(client):
    for runs in (client["ValueFlow"].runs().where("rtae<1"), client["ValueFlow"].runs().where(rtae=1)):
        shown = runs._repr_mimebundle_()["text/plain"]  # without a warning, which would be an error
        assert "No run in this namespace matches." in shown
        assert "none of 3 runs has a parameter or an artifact" in " ".join(shown.split())
        assert "Try rate." in " ".join(shown.split())
    shown = client["ValueFlow"].runs().where("mixed>3")._repr_mimebundle_()["text/plain"]
    assert "skipped runs whose value has another type: str ('few') cannot be compared with a number" in " ".join(
        shown.split()
    )
