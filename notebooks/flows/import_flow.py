"""Fetches a table from a service that does not always answer."""

import os
import sys

from metaflow import FlowSpec, current, retry, step


class ImportFlow(FlowSpec):
    """Retries what fails."""

    @step
    def start(self):
        self.table = "orders"
        self.next(self.fetch)

    @retry(times=2, minutes_between_retries=0)
    @step
    def fetch(self):
        print(f"fetching {self.table}, attempt {current.retry_count}")
        if current.retry_count < int(os.environ.get("OUTAGE", "0")):
            print("the service answered 503", file=sys.stderr)
            raise ConnectionError("the service is not available")
        self.rows = [(number, number * 1.5) for number in range(100)]
        self.next(self.end)

    @step
    def end(self):
        print(f"{len(self.rows)} rows of {self.table}")


if __name__ == "__main__":
    ImportFlow()
