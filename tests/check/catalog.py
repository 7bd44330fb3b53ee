"""The metrics as exporters/prometheus/README.md lists them (a unit test holds that against the daemon's catalog), and
what a query asks for that is not there."""

import re
from dataclasses import dataclass

import tree

ROW = re.compile(r"^\| `(nsobserver_\w+)` \| (counter|gauge) \| ([\w, ]*) \| (.*) \| `([^`]*)` \|$", re.MULTILINE)
NAME = re.compile(r"\b(?:[a-z]+:)?nsobserver_\w+(?::\w+)?")
# What Prometheus adds to every series, and the labels of findings.
OF_THE_SCRAPE = {"job", "instance", "__name__"}


@dataclass
class Metric:
    kind: str
    labels: set[str]
    example: str


def catalog() -> dict[str, Metric]:
    text = (tree.ROOT / "exporters/prometheus/README.md").read_text()
    found = {name: Metric(kind, set(re.findall(r"\w+", labels)), example)
             for name, kind, labels, _, example in ROW.findall(text)}
    assert len(found) > 40, "the table has another shape"
    return found


def recorded(rules: list[dict]) -> set[str]:
    return {rule["record"] for rule in rules if "record" in rule}


def unknown_metrics(query: str, known: dict[str, Metric], records: set[str]) -> list[str]:
    """Names that are neither metrics nor records, and labels that a metric does not have."""
    wrong = [name for name in NAME.findall(query) if name not in known and name not in records]
    for name, inside in re.findall(r"\b(nsobserver_\w+)\{([^}]*)\}", query):
        if name in known:
            wrong += [f"{name}: no label {label}" for label in re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', inside)
                      if label not in known[name].labels | OF_THE_SCRAPE]
    return wrong
