# -*- coding: utf-8 -*-
import sys

from metaflow import FlowSpec, IncludeFile, Parameter, catch, current, retry, step


class ShakyFlow(FlowSpec):
    """A step that succeeds at its second attempt, one whose failure is caught, logs and values."""

    words = IncludeFile("words", default="words.txt")
    rate = Parameter("rate", default=0.5)

    @retry(times=1, minutes_between_retries=0)
    @step
    def start(self):
        print("attempt %d" % current.retry_count)
        print("second line")
        sys.stderr.write("to stderr\n")
        if current.retry_count == 0:
            raise RuntimeError("the first attempt always fails")
        self.plain = {"number": 1, "text": "a", "list": [1.5, None, True]}
        self.letters = u"gr\u00fcn"
        self.raw = b"\x00\xff"
        self.next(self.risky)

    @catch(var="trouble")
    @step
    def risky(self):
        print("before the division")
        1 / 0
        self.next(self.end)

    @step
    def end(self):
        print("caught: %s" % (self.trouble is not None))


if __name__ == "__main__":
    ShakyFlow()
