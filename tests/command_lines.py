"""A line of `%mflow` for each command, on the runs under test."""


def command_lines(runs):
    """A line for each command, and a part of its output."""
    linear, failing = runs["linear"], runs["failing"]
    return {
        "show": (linear, "Run LinearFlow/"),
        "runs": ("runs FailingFlow --status failed", "Runs of FailingFlow with status failed"),
        "tasks": (f"tasks {failing}/divide", "✗ failed"),
        "artifacts": (f"artifacts {linear}/start", "alpha"),
        "logs": (f"logs {linear}/start --tail 1", "out: ünïcode"),
        "data": (f"data {linear}/x", "2"),
        "why": (f"why {failing}", "ZeroDivisionError"),
        "diff": (f"diff {linear} {runs['linear-bob']}", "Comparison"),
        "dag": (f"dag {failing}", "not run"),
        "timeline": (f"timeline {failing}", "critical"),
        "grid": (f"grid {failing}/divide", "✗"),
        "cards": (f"cards {runs['cards']}/start", "blank"),
        "code": (f"code {runs['packed']}", "class ForeachFlow"),
        "disk": ("disk LinearFlow", "Artifacts"),
        "packages": (f"packages {linear}", "metaflow"),
        "wait": (f"wait {linear}", "Run LinearFlow/"),
        "explore": (f"explore {linear}", "<Explorer of "),
        "watch": (f"watch {linear}", "LinearFlow/"),
        "tag": (f"tag {linear}", "nightly"),
        "ns": ("ns none", "is still"),
        "metadata": (f"metadata {runs.folder}", "is still"),
        "profile": ("profile", "default"),
        "doctor": ("doctor", "There are no problems."),
        "help": ("help logs", "--follow"),
    }
