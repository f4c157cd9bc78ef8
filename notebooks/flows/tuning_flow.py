"""Trains a small neural network that predicts how many bicycles a city rents out on a day."""

import os
import struct
import zlib

import numpy as np
import pandas as pd
from metaflow import FlowSpec, Parameter, project, step

DAYS, TEST_DAYS, MAX_EPOCHS, PATIENCE = 365, 73, 60, 8
LEVELS = ["quiet", "normal", "busy"]


class Network:
    """Layers of 12 neurons. The last row of the weights of a layer is its bias."""

    def __init__(self, inputs, depth, seed):
        rng = np.random.default_rng(seed)
        sizes = [inputs, *[12] * depth, 1]
        self.weights = [rng.normal(0, n**-0.5, (n + 1, m)) for n, m in zip(sizes, sizes[1:], strict=False)]

    def __repr__(self):
        return f"Network of {len(self.weights) - 1} hidden layers"

    def predict(self, days):
        """Return thousands of bicycles for rows of temperature, rain, weekend and daylight."""
        return self.layers(days)[-1][:, 0]

    def layers(self, days):
        outputs = [days]
        for number, weights in enumerate(self.weights, 1):
            sums = outputs[-1] @ weights[:-1] + weights[-1]
            outputs.append(np.tanh(sums) if number < len(self.weights) else sums)
        return outputs

    def gradients(self, days, rented):
        outputs = self.layers(days)
        slope = 2 * (outputs[-1] - rented[:, None]) / len(days)
        found = []
        for weights, output in zip(self.weights[::-1], outputs[-2::-1], strict=True):
            found.append(np.vstack([output.T @ slope, slope.sum(0)]))
            slope = slope @ weights[:-1].T * (1 - output**2)
        return found[::-1]


def bicycles():
    """Return features and thousands of rented bicycles of a year, in random order: the last days are for testing."""
    rng = np.random.default_rng(2025)
    day = np.arange(DAYS)
    daylight = -np.cos(2 * np.pi * (day + 10) / DAYS)
    temperature = 10 + 11 * daylight + rng.normal(0, 4, DAYS)
    rain = rng.exponential(2, DAYS) * (rng.random(DAYS) < 0.4)
    weekend = (day % 7 > 4).astype(float)
    pleasant = np.exp(-(((temperature - 22) / 13) ** 2))
    rented = 1 + 6 * pleasant * np.exp(-rain / 4) + 1.2 * (weekend - 0.4) * (pleasant - 0.3) + rng.normal(0, 0.35, DAYS)
    order = rng.permutation(DAYS)
    features = np.column_stack([(temperature - 10) / 9, rain / 3, weekend, daylight])
    return day[order], features[order], np.clip(rented, 0, None)[order]


def train(network, optimizer, learning_rate, seed, features, rented):
    """Train until the loss stops falling, and return the loss of each epoch."""
    rng = np.random.default_rng(seed)
    average, square = [[0 * weights for weights in network.weights] for _ in range(2)]
    history, steps = [], 0
    with np.errstate(all="ignore"):
        while len(history) < MAX_EPOCHS and (len(history) < 20 or min(history[-PATIENCE:]) < min(history[:-PATIENCE])):
            for batch in np.array_split(rng.permutation(len(rented)), 10):
                steps += 1
                for number, slope in enumerate(network.gradients(features[batch], rented[batch])):
                    change = slope
                    if optimizer == "adam":
                        average[number] = 0.9 * average[number] + 0.1 * slope
                        change = average[number] / (1 - 0.9**steps)
                    if optimizer != "sgd":
                        square[number] = 0.95 * square[number] + 0.05 * slope**2
                        change = change / (np.sqrt(square[number] / (1 - 0.95**steps)) + 1e-8)
                    network.weights[number] = network.weights[number] - learning_rate * change
            loss = float(np.mean((network.predict(features) - rented) ** 2))
            history.append(loss)
            if not np.isfinite(loss) or loss > 50:
                raise ValueError(
                    f"loss diverged in epoch {len(history)}: {loss:.3g}. "
                    f"The learning rate {learning_rate:g} is too large for {optimizer}"
                )
    return history


def level(rented):
    """Return 0 for a quiet day, 1 for a normal and 2 for a busy one."""
    return np.digitize(rented, [2.5, 5])


def picture(network):
    """Return a PNG of the predicted demand: from cold to warm, and from dry at the bottom to rain."""
    warm, wet = np.meshgrid(np.linspace(-2, 2.5, 160), np.linspace(4, 0, 100))
    days = np.column_stack([warm.ravel(), wet.ravel(), 0 * warm.ravel(), warm.ravel() / 2])
    shade = np.clip(np.round(network.predict(days).reshape(warm.shape) * 2) / 14, 0, 1)[:, :, None]
    pixels = (shade * [250, 215, 80] + (1 - shade) * [35, 45, 110]).astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    parts = {b"IHDR": struct.pack(">2I5B", 160, 100, 8, 2, 0, 0, 0), b"IDAT": zlib.compress(rows, 9), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts.items()
    )


@project(name="bicycles")
class TuningFlow(FlowSpec):
    """One training of the network. Its runs try parameters."""

    learning_rate = Parameter("learning_rate", default=0.01, help="Size of a step.")
    depth = Parameter("depth", default=2, help="Hidden layers.")
    optimizer = Parameter("optimizer", default="adam", help="adam, sgd or rmsprop.")
    seed = Parameter("seed", default=1, help="Of the first weights and the batches.")
    dataset = Parameter("dataset", default="bicycles-2025", help="The year to learn from.")

    @step
    def start(self):
        if self.optimizer not in ("adam", "sgd", "rmsprop"):
            raise ValueError(f"Expected adam, sgd or rmsprop, got {self.optimizer}")
        print(f"{self.dataset}: {DAYS - TEST_DAYS} days to learn, {TEST_DAYS} to test")
        self.next(self.train)

    @step
    def train(self):
        _, features, rented = bicycles()
        self.model = Network(features.shape[1], self.depth, self.seed)
        features, rented = features[:-TEST_DAYS], rented[:-TEST_DAYS]
        self.loss_history = train(self.model, self.optimizer, self.learning_rate, self.seed, features, rented)
        for epoch, loss in enumerate(self.loss_history, 1):
            if epoch % 10 == 0:
                print(f"epoch {epoch}: loss {loss:.4f}")
        self.epochs = len(self.loss_history)
        self.next(self.end)

    @step
    def end(self):
        day, features, rented = (values[-TEST_DAYS:] for values in bicycles())
        predicted = self.model.predict(features)
        if os.environ.get("DISK_FULL"):
            raise OSError(28, "No space left on device")
        self.rmse = float(np.sqrt(np.mean((predicted - rented) ** 2)))
        actual, guess = level(rented), level(predicted)
        self.confusion_matrix = np.array([[np.sum((actual == a) & (guess == g)) for g in range(3)] for a in range(3)])
        self.accuracy = float(np.mean(actual == guess))
        hits, sums = np.diag(self.confusion_matrix), self.confusion_matrix.sum(0) + self.confusion_matrix.sum(1)
        higher = predicted[actual == 2][:, None] - predicted[actual != 2]
        self.metrics = {
            "auc": float(np.mean((higher > 0) + 0.5 * (higher == 0))),
            "f1": float(np.mean(2 * hits / sums)),
        }
        self.beats_baseline = self.rmse < float(np.std(rented))
        explained = 1 - self.rmse**2 / float(np.var(rented))
        grade = "good" if explained > 0.9 else "fair" if explained > 0.7 else "poor"
        self.verdict = f"{grade}: explains {max(explained, 0):.0%} of the variance"
        dates = [str(np.datetime64("2025-01-01") + int(number)) for number in day]
        # Object columns, so that every version of pandas can read what this one writes.
        self.predictions = pd.DataFrame(
            {
                "day": pd.Series(dates, dtype=object),
                "rented": rented.round(2),
                "predicted": predicted.round(2),
                "level": pd.Series([LEVELS[number] for number in actual], dtype=object),
            }
        )
        self.predictions.columns = pd.Index(list(self.predictions.columns), dtype=object)
        self.response = picture(self.model)
        print(f"rmse {self.rmse:.3f}, accuracy {self.accuracy:.1%}: {self.verdict}")


if __name__ == "__main__":
    TuningFlow()
