"""A step that asks about itself with Metaflow's client and with mfwidgets."""

import metaflow
from metaflow import FlowSpec, current, step

import mfwidgets


def tried(ask):
    try:
        return ask()
    except Exception as error:
        return type(error).__name__


def answers(client, own):
    """The answers of a client inside a step. The last one is in the default namespace."""
    return {
        "namespace": tried(client.get_namespace),
        "metadata": tried(client.get_metadata),
        "own run": tried(lambda: client.Run(own).pathspec),
        "runs": tried(lambda: len(list(client.Flow("AsksFlow")))),
        "default": tried(client.default_namespace),
        "after default": tried(client.get_namespace),
        "default metadata": tried(client.default_metadata),
    }


class AsksFlow(FlowSpec):
    @step
    def start(self):
        own = f"AsksFlow/{current.run_id}"
        given = tried(metaflow.get_namespace)
        self.theirs = answers(metaflow, own)
        metaflow.namespace(given)
        self.ours = answers(mfwidgets, own)
        self.next(self.end)

    @step
    def end(self):
        metaflow.namespace("user:somebody")
        self.switched = mfwidgets.get_namespace()


if __name__ == "__main__":
    AsksFlow()
