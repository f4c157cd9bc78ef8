"""Guesses from its name whether small or large values of a result are good. Most names of metrics say so."""

import re
from typing import Literal

Goal = Literal["min", "max", ""]
"""``min`` if small values are good, ``max`` if large values are good, empty if unknown."""

_SMALL = frozenset(
    [
        "loss",
        "losses",
        "error",
        "errors",
        "err",
        "rmse",
        "mse",
        "mae",
        "mape",
        "smape",
        "wape",
        "rmsle",
        "msle",
        "logloss",
        "crossentropy",
        "perplexity",
        "ppl",
        "nll",
        "deviance",
        "divergence",
        "kl",
        "brier",
        "wer",
        "cer",
        "fpr",
        "fnr",
        "fdr",
        "latency",
        "seconds",
        "duration",
        "runtime",
        "ms",
        "cost",
        "costs",
        "regret",
        "residual",
        "residuals",
        "distance",
        "rank",
        "violations",
        "failures",
        "misses",
    ]
)
_LARGE = frozenset(
    [
        "accuracy",
        "acc",
        "auc",
        "auroc",
        "auprc",
        "roc",
        "ap",
        "map",
        "f1",
        "f2",
        "fbeta",
        "fscore",
        "precision",
        "recall",
        "score",
        "scores",
        "r2",
        "reward",
        "rewards",
        "ndcg",
        "mrr",
        "hits",
        "iou",
        "dice",
        "jaccard",
        "bleu",
        "rouge",
        "meteor",
        "psnr",
        "ssim",
        "gain",
        "profit",
        "revenue",
        "throughput",
        "sharpe",
        "lift",
        "kappa",
        "mcc",
        "tpr",
        "tnr",
        "sensitivity",
        "specificity",
        "likelihood",
        "correct",
        "explained",
        "coverage",
        "purity",
        "silhouette",
    ]
)
COSTS = frozenset(["latency", "seconds", "duration", "runtime", "ms", "cost", "costs", "time"])
"""Words of what a result costs. They say less about how good it is than a metric of quality."""

_NEITHER = frozenset(
    [
        "std",
        "stdev",
        "stddev",
        "sd",
        "var",
        "variance",
        "threshold",
        "cutoff",
        "count",
        "counts",
        "num",
        "number",
        "size",
        "n",
    ]
)
"""A name with one of these words is about a metric, and is not the metric: ``std_test_score``, ``auc_threshold``."""

_WORD = re.compile(r"[A-Z]+\d?(?![a-z])|[A-Z]?[a-z]+\d?|\d+")


def goal_of(name: str) -> Goal:
    """Return whether small or large values are good. The last word that says so counts.

    Examples
    --------
    >>> from mfwidgets.queries.values.goals import goal_of
    >>> goal_of("artifact.val_rmse"), goal_of("metrics.auc"), goal_of("batches")
    ('min', 'max', '')
    """
    words = words_of(name)
    if _NEITHER.intersection(words):
        return ""
    for word in reversed(words):
        if word in _SMALL or word in COSTS:
            return "min"
        if word in _LARGE:
            return "max"
    return ""


def words_of(name: str) -> list[str]:
    """Return the words of a name in lower case: ``valRmse`` has ``val`` and ``rmse``."""
    return [word.lower() for word in _WORD.findall(name)]
