"""Completion of %mflow lines and of pathspecs in strings, through IPython's completer."""

import re
import threading
import time

import pytest
from IPython.core.completer import provisionalcompleter
from local_world import World

import mfwidgets
from mfwidgets import Metaflow
from mfwidgets.magic import completion_sources, matcher
from mfwidgets.magic.completion import complete
from mfwidgets.magic.dispatch import COMMANDS, run_line


@pytest.fixture
def offered(shell, runs, monkeypatch):
    """Return the completions at the end of a line, as replacements of the whole word."""
    monkeypatch.setattr(completion_sources, "TIMEOUT_S", 30)  # a busy machine must not change the completions
    shell.run_line_magic("load_ext", "mfwidgets")
    mfwidgets.metadata(f"local@{runs.folder}")
    mfwidgets.namespace(None)

    def ask(text):
        with provisionalcompleter():
            found = list(shell.Completer.completions(text, len(text)))
        begin = re.search(r"[^'\"]*\Z" if len(re.findall("['\"]", text)) % 2 else r"[^\s'\"(=]*\Z", text).start()
        return [(text[: one.start] + one.text)[begin:] for one in found]

    yield ask
    shell.run_line_magic("unload_ext", "mfwidgets")


@pytest.mark.parametrize("before", ["%mflow ", "x = %mflow ", "run=%mflow ", "  %mflow ", "x = 1\n%mflow "])
def test_commands_and_flows(offered, before):
    assert set(COMMANDS) | {"LinearFlow", "RetryFlow"} <= set(offered(before))
    assert offered(f"{before}lo") == ["logs"]
    assert offered(f"{before}Lin") == ["LinearFlow"]
    assert offered(f"{before}linearf") == ["LinearFlow"]


def test_pathspecs_level_by_level(offered, runs):
    flow, run_id = runs["failing"].split("/")
    found = offered(f"%mflow {flow}/")
    assert found[:3] == [f"{flow}/latest", f"{flow}/latest-ok", f"{flow}/latest~1"]
    assert found[3:] == [run.pathspec for run in mfwidgets.Flow(flow)]  # newest first
    assert offered(f"%mflow {flow}/{run_id}/") == [f"{flow}/{run_id}/start", f"{flow}/{run_id}/divide"]
    assert complete(f"%mflow why {flow}/{run_id}/")[1] == []  # why takes a run
    tasks = offered(f"%mflow logs {flow}/latest~1/divide/")
    assert len(tasks) == 3
    assert f"{tasks[0]}/quotient" in offered(f"%mflow data {tasks[0]}/")
    assert complete(f"%mflow logs {tasks[0]}/")[1] == []  # a log belongs to a task
    assert offered(f"%mflow show '{flow}/{run_id}/st") == [f"{flow}/{run_id}/start"]


def test_names_are_matched_before_the_list_is_cut(offered, tmp_path):
    world = World(tmp_path)
    for number in range(300):
        world.flow(f"Flow{number:03}")
        world.task("Flow299", "1", "work", str(1000 + number))
    mfwidgets.metadata(str(tmp_path))
    assert offered("%mflow Flow29") == [f"Flow29{digit}" for digit in (9, *range(9))]  # it has a run
    assert offered("%mflow flow299") == ["Flow299"]
    assert len(offered("%mflow show Flow")) == 200
    assert offered("%mflow logs Flow299/1/work/1000") == ["Flow299/1/work/1000"]
    assert offered("%mflow logs Flow299/1/work/1299") == ["Flow299/1/work/1299"]


def details(line):
    return {one.text: one.detail for one in complete(line)[1]}


AGE = r"(just now|\d+ (min|h|d|months|years) ago)"


def test_runs_are_offered_with_status_and_age(offered, runs):
    found = complete(f"%mflow {runs['failing'].split('/')[0]}/")[1]
    flow = mfwidgets.Flow(runs["failing"].split("/")[0])
    assert [one.text for one in found[3:]] == [run.pathspec for run in flow]
    for one, run in zip(found[3:], flow, strict=True):
        assert re.fullmatch(rf"[✓✗?] {run.status} · {AGE}", one.detail)
    assert [one.text.rpartition("/")[2] for one in found[:3]] == ["latest", "latest-ok", "latest~1"]
    assert found[0].detail == found[3].detail
    assert found[2].detail == found[4].detail
    assert "completed" in details("%mflow LinearFlow/")["LinearFlow/latest-ok"]
    assert details(f"Run('{flow.id}/")[runs["failing"]] == details(f"%mflow {flow.id}/")[runs["failing"]]


def test_flows_are_offered_by_their_last_activity(offered, tmp_path):
    world = World(tmp_path)
    for name, started_ms in (("AFlow", 1_600_000_000_000), ("BFlow", 1_735_600_000_000), ("CFlow", 1_700_000_000_000)):
        world.run(name, f"{started_ms}000", ts_epoch=started_ms)
    world.flow("DFlow")
    mfwidgets.metadata(str(tmp_path))
    found = [one for one in complete("%mflow ")[1] if one.text.endswith("Flow")]
    assert [one.text for one in found] == ["BFlow", "CFlow", "AFlow", "DFlow"]
    assert re.search(AGE, found[0].detail)
    assert found[3].detail == ""
    assert [one.text for one in complete("%mflow show C")[1]] == ["CFlow"]


def test_steps_tasks_and_artifacts_are_offered_with_facts(offered, runs):
    assert re.fullmatch(rf"✓ completed · {AGE}", details(f"%mflow {runs['linear']}/")[f"{runs['linear']}/start"])
    steps = details(f"%mflow {runs['failing']}/")
    assert re.fullmatch(rf"✗ failed · {AGE} · 3 tasks", steps[f"{runs['failing']}/divide"])
    tasks = details(f"%mflow {runs['failing']}/divide/")
    assert sorted(one.split(" ")[1] for one in tasks.values()) == ["completed", "completed", "failed"]
    assert len({one.rpartition(" · ")[2] for one in tasks.values()}) == 3  # their items
    artifacts = details(f"%mflow {runs['linear']}/end/{next(iter(mfwidgets.Step(runs['linear'] + '/end'))).id}/")
    assert re.fullmatch(r"int · \d+ B", next(one for name, one in artifacts.items() if name.endswith("/x")))
    assert re.fullmatch(r"\d+ runs?", details("%mflow runs LinearFlow --tag ")["nightly"])


def test_an_old_run_is_found_by_its_id(offered, tmp_path):
    world = World(tmp_path)
    for number in range(230):
        world.run("OldFlow", str(1735689600000000 + number * 1_000_000))
    mfwidgets.metadata(str(tmp_path))
    assert len(offered("%mflow OldFlow/")) == 203
    assert offered("%mflow OldFlow/173568960000") == ["OldFlow/1735689600000000"]
    assert complete("%mflow OldFlow/18")[1] == []


def test_facts_on_a_service_cost_no_request_per_run(offered, on_service):
    _, service = on_service
    mfwidgets.metadata(service.url)
    before = len(service.requests())
    found = complete("%mflow LinearFlow/")[1]
    assert len(service.requests()) - before <= 4
    assert {one.detail.split(" · ")[0] for one in found[3:]} == {"✓ completed"}


def test_names_do_not_wait_for_facts(offered, monkeypatch):
    gate = threading.Event()
    monkeypatch.setattr(completion_sources, "TIMEOUT_S", 0.28)
    monkeypatch.setattr(completion_sources, "with_facts", lambda *_: gate.wait(30) and [])
    completion_sources.ANSWERS.forget()
    try:
        while not (found := complete("%mflow LinearFl")[1]):
            time.sleep(0.1)
        assert found[0] == ("LinearFlow", "pathspec", "")
    finally:
        gate.set()


def test_tasks_and_artifacts(offered, runs):
    assert offered(f"%mflow grid {runs['branch']}/work --by ") == ["status", "duration", "doubled"]
    assert offered(f"%mflow grid {runs['failing']} --by quo") == ["quotient"]
    assert offered("%mflow grid NoSuchFlow/1/work --by ") == ["status", "duration"]


def test_options_and_their_values(offered):
    assert set(offered("%mflow runs LinearFlow --")) == {
        "--tag",
        "--status",
        "--user",
        "--since",
        "--text",
        "--where",
        "--sort",
        "--columns",
        "--limit",
        "--steps",
        "--df",
    }
    assert offered("%mflow runs LinearFlow --status ru") == ["running"]
    assert offered("%mflow runs LinearFlow --tag ")[0] == "nightly"
    assert "bob" in offered("%mflow runs LinearFlow --user ")
    assert offered("%mflow runs LinearFlow --tag nightly --tag te") == ["team:blue"]
    assert "--status" not in offered("%mflow runs LinearFlow --status failed --")
    assert "--stderr" not in offered("%mflow logs LinearFlow/latest/end --stdout --")
    assert "--tail" in offered("%mflow logs LinearFlow/latest/end --stdout --")
    assert offered("%mflow runs Lin") == ["LinearFlow"]
    assert offered("%mflow runs LinearFlow --tag=te") == ["team:blue"]
    assert "--status" not in offered("%mflow runs LinearFlow --status=failed --")
    assert offered("%mflow runs --tag=nightly Linea") == ["LinearFlow"]
    assert [one[:2] for one in complete("%mflow runs LinearFlow --tag='te")[1]] == [("team:blue", "tag")]
    assert {one.kind for one in complete("%mflow tag LinearFlow/latest --remove ")[1]} <= {"user tag"}
    assert "user:ann" not in offered("%mflow tag LinearFlow/latest --remove ")
    assert complete("%mflow NoSuchFlow/")[1] == []
    assert [one[:2] for one in complete("%mflow grid LinearFlow/latest --by du")[1]] == [("duration", "number")]


def test_conditions(offered):
    before = "%mflow runs ValueFlow --where "
    assert {"status:", "since:", "rate", "kind", "score"} <= set(offered(before))
    assert offered(f"{before}ra") == ["rate"]
    assert offered(f'{before}"rate<0.3 status:ru') == ["rate<0.3 status:running"]
    assert offered(f'{before}"rate<0.3 sc') == ["rate<0.3 score"]
    assert offered(f"{before}status:failed,ru") == ["status:failed,running"]
    assert offered(f"{before}'kind=tree user:b") == ["kind=tree user:bob"]
    assert offered(f"{before}'x -tag:user:b") == ["x -tag:user:bob"]
    assert complete(f"{before}rate<")[1] == []
    assert offered("%mflow runs --where '")[0] == "status:"  # no flow yet
    assert offered("%mflow runs LinearFlow --where tag:te") == ["tag:team:blue"]
    assert offered("%mflow runs ProjectFlow --where 'branch:te") == ["branch:test.fast"]
    assert offered("%mflow runs LinearFlow --where=user:a") == ["user:ann"]


def test_words_with_blanks_are_quoted(offered, own_runs):
    mfwidgets.metadata(f"local@{own_runs.folder}")
    offered("%mflow runs LinearFlow --tag ")
    run_line(f"tag {own_runs['linear']} --add 'two words' --add \"it's\"")  # and they are offered at once
    assert {"'two words'", '"it\'s"'} <= set(offered("%mflow runs LinearFlow --tag "))
    assert [one[:2] for one in complete("%mflow runs LinearFlow --tag 'two")[1]] == [("two words", "tag")]
    assert complete("%mflow runs LinearFlow --tag='two w") == ("two w", [("two words", "tag", "1 run")])
    assert "--tag" in offered("%mflow runs LinearFlow --tag 'two words' --")
    assert complete("%mflow runs LinearFlow --user '--tag x' ")[1] == complete("%mflow runs LinearFlow --user u ")[1]


def test_where_to_look(offered, monkeypatch, tmp_path):
    assert {"none", "default", "user:ann", "user:bob"} <= set(offered("%mflow ns "))
    assert offered("%%mflow ns user:b") == ["user:bob"]
    assert offered("%%mflow ") == ["ns", "metadata", "profile"]
    monkeypatch.setenv("METAFLOW_HOME", str(tmp_path))
    (tmp_path / "config_team.json").write_text("{}")
    assert offered("%mflow profile ") == ["default", "team"]
    assert offered("%mflow help wh") == ["why"]


@pytest.mark.parametrize(
    ("text", "levels"),
    [("Flow('", 1), ('Run("', 2), ("mfwidgets.Step('", 3), ("x = Task( '", 4), ("DataArtifact('", 5)],
)
def test_inside_strings(offered, runs, text, levels):
    parts = [*runs["linear"].split("/"), "start", "1", "x"]
    for level in range(levels):
        typed = "/".join([*parts[:level], ""])
        expected = "/".join(parts[: level + 1])
        assert expected in offered(f"{text}{typed}"), (text, typed)
    assert complete(f"{text}{'/'.join(parts[:levels])}/")[1] == []
    assert "LinearFlow/latest" not in offered("Run('LinearFlow/")


def test_other_lines_are_not_completed(offered):
    for text in ("print('mflow ", "mflow = ", "%mflowx ", "x %mflow ", "Runner('", "Run('a') + '"):
        assert complete(text)[1] == [], text


def test_nothing_raises_and_nothing_hangs(offered, monkeypatch):
    monkeypatch.setattr("mfwidgets.magic.completion.completion_candidates", lambda *_, **__: 1 / 0)
    assert "LinearFlow" not in offered("%mflow ")
    for text in ("%mflow '", '%mflow "', "%mflow \x00", "%mflow " + "x" * 10_000, "%mflow a/b/c/d/e/f/g/", "%mflow \\"):
        offered(text)


def test_a_slow_service_does_not_delay_completion(offered, on_service, monkeypatch):
    _, service = on_service
    monkeypatch.setattr(completion_sources, "TIMEOUT_S", 0.28)
    service.latency(10)
    try:
        mfwidgets.metadata(service.url)
        completion_sources.ANSWERS.forget()
        assert complete("%mflow LinearFl")[1] == []  # it did not wait, so it does not know
        assert "logs" in offered("%mflow ")  # completions without requests are there at once
    finally:
        service.latency(0)


def test_a_late_answer_is_used_next_time(offered, on_service, monkeypatch):
    _, service = on_service
    monkeypatch.setattr(completion_sources, "TIMEOUT_S", 0.28)
    service.latency(1)
    try:
        mfwidgets.metadata(f"{service.url}/")
        completion_sources.ANSWERS.forget()
        while not (found := complete("%mflow LinearFl")[1]):
            time.sleep(0.1)
        assert [one[:2] for one in found] == [("LinearFlow", "pathspec")]
    finally:
        service.latency(0)


def test_an_answer_is_cached(offered, runs):
    asked = []
    answers = completion_sources.AnswerCache()
    for _ in range(3):
        assert answers.get(("a",), lambda: asked.append(1) or ["x"], 5) == ["x"]
    assert asked == [1]
    answers.forget()
    answers.get(("a",), lambda: asked.append(1) or ["x"], 5)
    assert asked == [1, 1]
    assert answers.get(("b",), lambda: 1 / 0, 5) == []


def test_a_late_answer_does_not_fill_a_cleared_cache():
    answers, gate = completion_sources.AnswerCache(), threading.Event()
    assert answers.get(("a",), lambda: gate.wait(30) and ["old"], 0.05) == []
    answers.forget()
    assert answers.get(("a",), lambda: ["new"], 5) == ["new"]
    gate.set()
    time.sleep(0.1)
    assert answers.get(("a",), lambda: ["newer"], 5) == ["new"]


def test_the_cache_depends_on_namespace_and_metadata(offered, own_runs):
    assert "ForeachFlow" in offered("%mflow ")
    mfwidgets.namespace("user:bob")
    mfwidgets.metadata(f"local@{own_runs.folder}")
    assert "ForeachFlow" not in offered("%mflow ")
    ids = {one.rpartition("/")[2] for one in offered("%mflow LinearFlow/") if "latest" not in one}
    assert ids == {run.id for run in Metaflow(f"local@{own_runs.folder}", "user:bob")["LinearFlow"]}


def test_it_is_gone_after_unloading(offered, shell):
    completer = shell.Completer
    before = len(completer.custom_matchers) + len(completer.magic_arg_matchers)
    shell.run_line_magic("reload_ext", "mfwidgets")
    assert len(completer.custom_matchers) + len(completer.magic_arg_matchers) == before
    assert offered("%mflow lo") == ["logs"]
    shell.run_line_magic("unload_ext", "mfwidgets")
    assert len(completer.custom_matchers) + len(completer.magic_arg_matchers) == before - 1
    assert "logs" not in offered("%mflow lo")


@pytest.mark.parametrize(
    ("replaced", "word", "texts", "replacements"),
    [
        ("nig", "tag:nig", ["tag:nightly", "tag:night"], ["nightly", "night"]),
        ("nig", "TAG:nig", ["tag:nightly"], []),  # what stays in the line would not match
        ("Run/1", "Run/1", ["Run/12"], ["Run/12"]),
        ("x.Run/1", "Run/1", ["Run/12"], ["x.Run/12"]),
        ("", "", ["logs"], ["logs"]),
        ("other", "word", ["words"], []),
    ],
)
def test_an_old_ipython_replaces_other_words(replaced, word, texts, replacements):
    assert matcher._replacements(replaced, word, texts) == replacements


def test_an_ipython_without_the_api_for_matchers(offered, shell, monkeypatch, tmp_path):
    """The list for old versions also exists in new ones. Its functions have the same arguments there."""
    world = World(tmp_path)
    world.run("OldFlow", "1", tags=['a"""b', "{x}", "plain", "two words"])
    mfwidgets.metadata(str(tmp_path))
    matches = matcher._old_matcher(shell.Completer)
    line = "%mflow tag OldFlow/1 --remove "

    def replaced(text):
        monkeypatch.setattr(shell.Completer, "text_until_cursor", text, raising=False)
        return matches(text)

    assert replaced("%mflow OldFlow/")[::3] == ["OldFlow/latest", "OldFlow/1"]
    assert set(replaced(line)) == {"plain", "'two words'"}  # the line may be inside an f-string
    assert replaced("x = 1") == []
    monkeypatch.setattr("mfwidgets.magic.completion.completion_candidates", lambda *_, **__: 1 / 0)
    assert replaced(line) == []


def test_an_old_ipython_does_not_collect_the_names_of_all_characters_first(shell, monkeypatch):
    monkeypatch.setattr(matcher, "_has_matcher_api", lambda: False)
    monkeypatch.setattr(shell.Completer, "magic_arg_matchers", [])
    monkeypatch.setattr(shell.Completer, "_names", None, raising=False)
    matcher.load(shell)
    names = shell.Completer._names  # it collects them itself if this is None
    assert "_names" not in vars(names)
    assert {"GREEK SMALL LETTER ALPHA", "NO-BREAK SPACE"} < set(names)


def test_commands_and_options_come_with_their_meanings(offered):
    _, commands = complete("%mflow ")
    details = {one.text: one.detail for one in commands if one.kind == "command"}
    assert details["why"] == "explain why a run failed"
    assert all(0 < len(detail) <= 50 for detail in details.values())
    _, options = complete("%mflow runs LinearFlow --")
    assert {one.text: one.detail for one in options}["--limit"] == "list at most N runs"


def test_names_of_columns_follow_one_another(offered):
    assert {"alpha", "label", "duration", "status"} <= set(offered("%mflow runs LinearFlow --columns "))
    assert offered("%mflow runs LinearFlow --columns al") == ["alpha"]
    assert offered("%mflow runs LinearFlow --columns label,al") == ["label,alpha"]
    assert "alpha,alpha" not in offered("%mflow runs LinearFlow --columns alpha,")
    assert offered("%mflow runs LinearFlow --sort alpha:desc,dura") == ["alpha:desc,duration"]
