"""The times of steps over several runs."""


def test_a_step_begins_with_its_first_attempt(client, runs):
    timings = client["RetryFlow"].runs().timings().to_pandas()
    flaky = timings[(timings.step == "flaky") & (timings.run_id == runs["retry"].partition("/")[2])].iloc[0]
    first = client.get(client.get(runs["retry"])["flaky"].task.pathspec, attempt=0)
    assert flaky.started_at.tz_localize(None).to_pydatetime() == first.started_at
