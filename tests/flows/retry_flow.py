"""The first attempt fails, the second succeeds; another task never succeeds and is caught; one kills itself."""

import os
import signal

from metaflow import FlowSpec, catch, current, retry, step


class RetryFlow(FlowSpec):
    """Retries."""

    @step
    def start(self):
        self.next(self.flaky, self.hopeless)

    @retry(times=2, minutes_between_retries=0)
    @step
    def flaky(self):
        self.attempt_seen = current.retry_count
        print(f"attempt {current.retry_count}")
        if current.retry_count == 0:
            raise ValueError("not yet")
        self.next(self.join)

    @catch(var="failure")
    @step
    def hopeless(self):
        self.ratio = 1 / 0
        self.next(self.join)

    @step
    def join(self, inputs):
        if os.environ.get("SUICIDE"):
            os.kill(os.getpid(), signal.SIGKILL)
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    RetryFlow()
