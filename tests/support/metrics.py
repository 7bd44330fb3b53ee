"""The Prometheus text format, read strictly, and the two sums that hold at every scrape."""

import re
from collections import defaultdict

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')
OWNER = ("container", "pod", "pod_namespace")


class Metrics:
    """Samples of one scrape."""

    def __init__(self, text: str):
        self.text = text
        self.types: dict[str, str] = {}
        self.samples: dict[str, list[tuple[dict[str, str], float]]] = defaultdict(list)
        seen = set()
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                self.types[name] = kind
            elif line and not line.startswith("#"):
                name, labels, value = self._sample(line)
                key = (name, tuple(sorted(labels.items())))
                assert key not in seen, f"twice in one scrape: {line}"
                seen.add(key)
                assert name in self.types, f"no # TYPE before: {line}"
                self.samples[name].append((labels, value))

    @staticmethod
    def _sample(line: str):
        match = SAMPLE.match(line)
        assert match, f"not a sample: {line!r}"
        name, inside, value = match.groups()
        labels, end = {}, 0
        for label in LABEL.finditer(inside or ""):
            assert label.start() == end, f"not labels: {line!r}"
            labels[label[1]] = re.sub(r'\\(.)', lambda m: "\n" if m[1] == "n" else m[1], label[2])
            end = label.end()
        assert end == len(inside or ""), f"not labels: {line!r}"
        return name, labels, float(value)

    def matching(self, name: str, **labels: str) -> list[tuple[dict[str, str], float]]:
        return [(have, value) for have, value in self.samples.get(name, [])
                if all(have.get(key) == want for key, want in labels.items())]

    def sum(self, name: str, **labels: str) -> float:
        """0 where there is no such series."""
        return sum(value for _, value in self.matching(name, **labels))

    def by(self, name: str, *keys: str) -> dict[tuple[str, ...], float]:
        sums = defaultdict(float)
        for labels, value in self.samples.get(name, []):
            sums[tuple(labels.get(key, "") for key in keys)] += value
        return sums


def check_sums(metrics: Metrics) -> None:
    """observed = recorded + coalesced + lost; TCP attempts = outcomes + in flight."""
    prefix = "nsobserver_events_"
    observed = metrics.by(prefix + "observed_total", "kind")
    assert observed, "no ledger in the scrape"
    recorded = metrics.by(prefix + "recorded_total", "kind")
    coalesced = metrics.by(prefix + "coalesced_total", "kind")
    lost = metrics.by(prefix + "lost_total", "kind")
    for kind, value in observed.items():
        parts = recorded[kind], coalesced[kind], lost[kind]
        assert value == sum(parts), \
            f"{kind[0]}: observed {value}, recorded + coalesced + lost {parts}"
    attempts = metrics.by("nsobserver_tcp_connect_attempts_total", *OWNER)
    outcomes = metrics.by("nsobserver_tcp_connects_total", *OWNER)
    in_flight = metrics.by("nsobserver_tcp_connects_in_flight", *OWNER)
    for owner in {*attempts, *outcomes, *in_flight}:
        parts = outcomes[owner], in_flight[owner]
        assert attempts[owner] == sum(parts), \
            f"{owner}: attempts {attempts[owner]}, outcomes + in flight {parts}"
        assert in_flight[owner] >= 0
