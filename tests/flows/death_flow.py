"""Dies in the way that DEATH names; the retry is there to die twice."""

import os
import signal
import sys

from metaflow import FlowSpec, retry, step

DEATH = os.environ.get("DEATH", "")

if DEATH == "import" and "step" in sys.argv:
    raise ImportError("this module cannot be imported inside a task")


class DeathFlow(FlowSpec):
    """Dies."""

    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        print("last words", flush=True)
        if DEATH == "hard":
            os._exit(3)
        if DEATH == "scheduler":  # as when the machine goes down
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        if DEATH == "sys.exit":
            sys.exit(0)
        if DEATH == "unpicklable":
            self.bad = (number for number in range(3))
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    DeathFlow()
