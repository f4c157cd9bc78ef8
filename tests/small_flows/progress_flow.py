"""Draws progress bars, also nested ones, and fails with lines after its traceback."""

import atexit
import sys

from metaflow import FlowSpec, step


class ProgressFlow(FlowSpec):
    """Progress."""

    @step
    def start(self):
        for percent in range(0, 101, 10):
            sys.stderr.write(f"\r{percent:3d}%|{'#' * (percent // 10):10}|")
        sys.stderr.write("\n")
        for outer in range(3):
            sys.stderr.write(f"\router {outer}/3\n")
            for inner in range(4):
                sys.stderr.write(f"\r  inner {inner}/4\x1b[A\n")
            sys.stderr.write("\r            \x1b[A")
        sys.stderr.write("\router 3/3\n\n")
        sys.stderr.flush()
        print("name\tloss")
        print("x" * 500)
        self.next(self.end)

    @step
    def end(self):
        sys.stdout.write("".join(f"week {number}\n" for number in range(300)))
        atexit.register(lambda: sys.stderr.write("".join(f"closing {number}\n" for number in range(40))))
        raise ValueError("week 17 is negative")


if __name__ == "__main__":
    ProgressFlow()
