"""Parents and children, compared with Metaflow's client, and for loops and switches with the real order."""

import pytest

NAMES = ["linear", "foreach", "failing", "retry", "branch"]


def neighbours(task):
    return sorted(task.parent_task_pathspecs), sorted(task.child_task_pathspecs)


@pytest.mark.parametrize("name", NAMES)
def test_tasks_and_steps_are_as_metaflow_sees_them(name, client, runs, metaflow):
    for step in metaflow.Run(runs[name]):
        ours = client.get(step.pathspec)
        if name != "failing":  # Metaflow's client raises here, because the next step did not run
            assert sorted(map(repr, ours.parent_steps)) == sorted(map(repr, step.parent_steps))
            assert sorted(map(repr, ours.child_steps)) == sorted(map(repr, step.child_steps))
        for task in step:
            assert neighbours(ours[task.id]) == neighbours(task)


def turns(run, step):
    return sorted(run[step], key=lambda task: task["turn"].data)


@pytest.mark.parametrize("name", ["loop", "loop-broken", "loop-resumed"])
def test_a_loop_connects_its_iterations(name, client, runs):
    run = client.get(runs[name])
    begin, (first, second, third), choose = run["begin"].task, turns(run, "count"), run["choose"].task
    assert list(begin.child_tasks) == [first]
    assert list(first.parent_tasks) == [begin]
    assert list(first.child_tasks) == [second]
    assert list(second.parent_tasks) == [first]
    assert list(third.parent_tasks) == [second]
    assert list(third.child_tasks) == [choose]
    assert list(choose.parent_tasks) == [third]
    assert list(begin.parent_tasks) == []


def test_a_branch_not_taken_is_not_a_neighbour(client, runs):
    run = client.get(runs["loop"])
    choose, meet = run["choose"], run["meet"]
    assert list(choose.child_steps) == [meet]
    assert list(meet.parent_steps) == [choose]
    assert list(choose.task.child_tasks) == [meet.task]
    assert list(meet.task.parent_tasks) == [choose.task]
    assert list(meet.task.child_tasks) == [run["finish"].task]
    assert list(run["finish"].task.child_tasks) == []
    assert set(run["count"].parent_steps) == {run["begin"], run["count"]}


def test_clones_have_the_items_of_their_origins(client, runs):
    run = client.get(runs["resumed"])
    assert sorted(task.index for task in run["divide"]) == [0, 1, 2]
    assert set(run["join"].task.parent_tasks) == set(run["divide"])
    assert set(run["start"].task.child_tasks) == set(run["divide"])
    for task in run["divide"]:
        assert list(task.parent_tasks) == [run["start"].task]
        assert list(task.child_tasks) == [run["join"].task]
    frame = run.to_pandas()
    assert sorted(frame[frame.step == "divide"].foreach_index) == [0, 1, 2]
    loop = client.get(runs["loop-resumed"])
    assert len(list(loop["count"])) == 3
    assert list(loop["meet"].task.parent_tasks) == [loop["choose"].task]
