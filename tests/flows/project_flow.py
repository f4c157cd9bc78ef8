"""A project, with its branches."""

from metaflow import FlowSpec, project, step


@project(name="sales")
class ProjectFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ProjectFlow()
