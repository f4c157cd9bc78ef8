"""Parameters of all kinds."""

from metaflow import Config, FlowSpec, IncludeFile, JSONType, Parameter, step


class ParameterFlow(FlowSpec):
    """Parameters."""

    number = Parameter("number", default=3)
    ratio = Parameter("ratio", default=0.25)
    flag = Parameter("flag", default=True)
    text = Parameter("text", default="grün")
    table = Parameter("table", type=JSONType, default='{"a": [1, 2]}')
    settings = Config("settings", default_value='{"depth": {"max": 4}}')
    words = IncludeFile("words", default=__file__.replace("parameter_flow.py", "words.txt"), encoding="utf-8")
    bits = IncludeFile("bits", default=__file__, is_text=False)
    CONSTANT = 42

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ParameterFlow()
