"""Artifacts that are objects of Metaflow's own classes: parts of a Config, and objects of its client."""

from metaflow import Config, FlowSpec, current, step
from metaflow import Flow as ClientFlow
from metaflow import Run as ClientRun
from metaflow import Task as ClientTask
from metaflow.events import Trigger


class KeptFlow(FlowSpec):
    settings = Config("settings", default_value={"model": {"depth": 4, "names": ["a", "b"]}, "seed": 11})

    @step
    def start(self):
        self.model = self.settings.model
        self.everything = self.settings
        self.parts = [self.settings.model, (self.settings, {"deep": self.settings.model})]
        self.me = ClientRun(f"KeptFlow/{current.run_id}", _namespace_check=False)
        self.number = 7
        self.next(self.end)

    @step
    def end(self):
        task = ClientTask(f"KeptFlow/{current.run_id}/start/1", _namespace_check=False)
        self.chain = {"flow": ClientFlow("KeptFlow", _namespace_check=False), "task": [task], "step": task.parent}
        self.artifact = task["number"]
        self.attempt = ClientTask(task.pathspec, attempt=0, _namespace_check=False)
        self.trigger = Trigger([{"name": "data.ready", "id": "event-1", "timestamp": 1700000000, "type": "event"}])


if __name__ == "__main__":
    KeptFlow()
