"""Two steps and a greeting."""

from metaflow import FlowSpec, Parameter, step


class HelloFlow(FlowSpec):
    """Says hello."""

    greeting = Parameter("greeting", default="Hello", help="What to say.")

    @step
    def start(self):
        self.message = f"{self.greeting}, Metaflow!"
        self.next(self.end)

    @step
    def end(self):
        print(self.message)


if __name__ == "__main__":
    HelloFlow()
