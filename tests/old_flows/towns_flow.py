import os

from metaflow import FlowSpec, Parameter, current, step


class TownsFlow(FlowSpec):
    """Foreaches inside of a foreach, with a split between them. Each task records its place and its parents."""

    scale = Parameter("scale", default=3)

    def arrive(self, parents):
        self.parents = sorted(parents)
        self.me = "%s/%s" % (current.step_name, current.task_id)
        self.spot = self.index
        self.thing = None if self.spot is None else str(self.input)

    @step
    def start(self):
        self.arrive([])
        self.towns = ["Graz", "Linz"]
        self.next(self.town, foreach="towns")

    @step
    def town(self):
        self.arrive([self.me])
        self.town_name = self.thing
        self.next(self.hall, self.market)

    @step
    def hall(self):
        self.arrive([self.me])
        self.next(self.opened)

    @step
    def market(self):
        self.arrive([self.me])
        self.next(self.opened)

    @step
    def opened(self, inputs):
        self.arrive([one.me for one in inputs])
        self.town_name = inputs.hall.town_name
        self.next(self.counted)

    @step
    def counted(self):
        self.arrive([self.me])
        count = {"Graz": 11, "Linz": 2}[self.town_name]
        self.shops = ["shop %d" % number for number in range(count)]
        self.next(self.shop, foreach="shops")

    @step
    def shop(self):
        self.arrive([self.me])
        self.what = "%s of %s" % (self.thing, self.town_name)
        self.next(self.town_done)

    @step
    def town_done(self, inputs):
        self.arrive([one.me for one in inputs])
        self.whats = [one.what for one in inputs]
        self.next(self.all_done)

    @step
    def all_done(self, inputs):
        if os.environ.get("BREAK"):
            raise ValueError("the towns are closed")
        self.arrive([one.me for one in inputs])
        self.whats = [one.whats for one in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.arrive([self.me])
        print("%d towns" % len(self.whats))


if __name__ == "__main__":
    TownsFlow()
