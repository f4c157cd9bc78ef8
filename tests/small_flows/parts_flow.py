"""Two nodes of a @parallel step. The join fails while BREAK=1, so the nodes can be cloned."""

import os

from metaflow import FlowSpec, current, parallel, step


class PartsFlow(FlowSpec):
    @step
    def start(self):
        self.next(self.part, num_parallel=2)

    @parallel
    @step
    def part(self):
        self.node = current.parallel.node_index
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.nodes = sorted(one.node for one in inputs)
        if os.environ.get("BREAK") == "1":
            raise ValueError("gather fails")
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    PartsFlow()
