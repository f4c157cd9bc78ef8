"""Two explicit clients on two roots, in eight threads, stay separate."""

from concurrent.futures import ThreadPoolExecutor

from mfwidgets import Metaflow


def test_two_clients_never_mix(runs, own_runs):
    import json

    entry = own_runs.root.joinpath(*own_runs["linear"].split("/"), "_meta", "_self.json")
    entry.write_text(json.dumps(json.loads(entry.read_bytes()) | {"tags": ["copy"]}))
    clients = {
        "theirs": (Metaflow(metadata=f"local@{runs.folder}", namespace=None), {"team:blue", "nightly"}),
        "copy": (Metaflow(metadata=f"local@{own_runs.folder}", namespace="user:ann"), {"copy"}),
    }

    def look(number):
        client, tags = clients["theirs" if number % 2 else "copy"]
        run = client.get(runs["linear"])
        assert run.user_tags == tags
        assert run.data.x == 2
        assert run["start"].task.parent.parent.user_tags == tags
        assert all(found.user_tags for found in client["LinearFlow"].runs(*tags))
        assert run.parent._context.namespace == client.namespace
        return run.to_pandas().shape

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(64))) == {(2, 18)}
