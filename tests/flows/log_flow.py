"""Writes what logs can hold: 100,000 lines, colours, markup, bytes that are no UTF-8, progress bars, no last end."""

import sys

from metaflow import FlowSpec, step


class LogFlow(FlowSpec):
    """Logs."""

    @step
    def start(self):
        sys.stdout.write("".join(f"line {number}\n" for number in range(100_000)))
        self.next(self.end)

    @step
    def end(self):
        write = sys.stdout.buffer.write
        write(b"caf\xe9 \xff\xfe\n")
        write("\x1b[1;31mred\x1b[0m ünï <script>alert(1)</script>\n".encode())
        write(b" 10%\r 50%\r100%\n\n   indented\ttab\n\x00\x07\n")
        write(b"no end")
        sys.stdout.flush()


if __name__ == "__main__":
    LogFlow()
