"""Every query of every panel of deploy/fleet/timeline.json, against a real VictoriaLogs to which the daemons of two hosts send
what they see of a container in trouble. It asks as the plugin does (github.com/VictoriaMetrics/victorialogs-datasource,
pkg/plugin/query.go)."""

import json
import time

import pytest
from observer import ROOT, Observer, roots_of
from runtimes import engine
from shell import run, wait_until
from workload import Workload

SLOW = 120  # seconds, on a machine that is busy
OTHER = "other-host"
PAGE = json.loads((ROOT / "deploy/fleet/timeline.json").read_text())


class OtherHost(Observer):
    """One that takes itself to be on another host: the name of the machine is its own."""

    def command(self) -> list[str]:
        return ["unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"', OTHER, *super().command()]


@pytest.fixture(scope="module")
def fleet(images, victoria_logs):
    """(the server, the names of two hosts, the container's name)."""
    with engine("podman", images) as podman:
        options = ("--probes.files=on", f"--otlp.endpoint={victoria_logs.endpoint}", "--otlp.interval=200ms",
                   "--coalesce.window=1s", *roots_of(podman))
        with Observer(*options) as here, OtherHost(*options) as there, Workload(podman) as load:
            for observer in (here, there):
                wait_until(lambda o=observer: o.events("--kind", "oom_kill", "--container", load.web.name), SLOW, "an OOM kill")
                observer.kill()  # what it misses now is a gap
                observer.start()
            yield victoria_logs, {OTHER, run("uname", "-n").stdout.strip()}, load.web.name


def with_queries() -> list[dict]:
    return [panel for panel in PAGE["panels"] if panel["type"] != "row"]


def answer(server, target: dict, host: str = ".*") -> list[tuple[dict, list[float]]]:
    """[(labels, values)], of records without values."""
    end = int(time.time()) + 1
    start = end - 600
    query = target["expr"].replace("$host", host)
    assert "$" not in query.replace(")$", ""), query
    if target["queryType"] == "instant":
        lines = server.ask("query", query=query, start=start, end=end, limit=target["maxLines"]).splitlines()
        return [(json.loads(line), []) for line in lines]
    if target["queryType"] == "stats":
        data = json.loads(server.ask("stats_query", query=f"_time:[{start}, {end}] {query}", time=end))["data"]
        assert data["resultType"] == "vector"
        return [(one["metric"], [float(one["value"][1])]) for one in data["result"]]
    data = json.loads(server.ask("stats_query_range", query=query, start=start, end=end, step="15s"))["data"]
    assert data["resultType"] == "matrix"
    return [(one["metric"], [float(value) for _, value in one["values"]]) for one in data["result"]]


def panel(title: str) -> dict:
    (found,) = [one for one in with_queries() if one["title"] == title]
    return found["targets"][0]


@pytest.mark.parametrize("one", with_queries(), ids=lambda one: f"{one['title']} ({one['type']})")
def test_every_panel_has_data(fleet, one):
    server, _, _ = fleet
    for target in one["targets"]:
        wait_until(lambda t=target: answer(server, t), SLOW, one["title"], interval=1)
        if one["type"] == "table":
            columns = set(one["transformations"][-2]["options"]["include"]["names"]) - {"Value"}
            rows = [labels for labels, _ in answer(server, target)]
            assert [column for column in columns if not any(labels[column] for labels in rows)] == [], "a column that is always empty"
        if one["type"] == "stat" and one["title"] != "Events lost":
            wait_until(lambda t=target: answer(server, t)[0][1][0] > 0, SLOW, one["title"], interval=1)
        if target["queryType"] == "statsRange":
            by = target["legendFormat"].strip("{}")
            assert all(labels[by] for labels, _ in answer(server, target))


def test_both_hosts_are_told_apart(fleet):
    server, hosts, container = fleet
    for title in ("Failures by host and container", "OOM kills by container", "What was found"):
        wait_until(lambda t=title: {labels["host.name"] for labels, _ in answer(server, panel(t))
                                    if labels["container.name"] == container} == hosts, SLOW, title, interval=1)
    for title in ("Gaps by host", "Lag by host"):
        wait_until(lambda t=title: {labels["host.name"] for labels, _ in answer(server, panel(t))} == hosts, SLOW, title, interval=1)
    chosen = answer(server, panel("Failures by host and container"), OTHER)
    assert {labels["host.name"] for labels, _ in chosen} == {OTHER}
    assert answer(server, panel("Failures by host and container"), OTHER[:-1]) == [], "a name, and not a part of one"


def test_what_happened_is_what_is_shown(fleet):
    server, _, _ = fleet
    peers = [labels for labels, _ in answer(server, panel("Where they could not connect to"))]
    assert any(peer["network.peer.address"] == "127.0.0.1" and peer["error.type"] == "ECONNREFUSED" for peer in peers)
    cases = {labels["nsobserver.finding.case"] for labels, _ in answer(server, panel("What was found"))}
    assert "net-loopback" in cases
    newest = [values[0] / 1000 for _, values in answer(server, panel("Lag by host"))]
    assert all(-SLOW < second - time.time() < 5 for second in newest)


def test_a_row_that_grew_is_counted_once(fleet):
    """It was sent with each count that it had; of each uid only the highest is summed."""
    server, _, container = fleet
    every = f'"container.name":="{container}" "nsobserver.event.kind":in(connect_failure, bind_failure, dns_failure, file_failure, packet_drop)'

    def expected() -> int:
        highest: dict[str, int] = {}
        for row in server.query(every):
            uid = row["log.record.uid"]
            highest[uid] = max(highest.get(uid, 0), int(row["nsobserver.event.count"]))
        return sum(highest.values())

    before = expected()
    shown = sum(values[0] for labels, values in answer(server, panel("Failures by host and container"))
                if labels["container.name"] == container)
    assert before <= shown <= expected()
    (times,) = server.query(f'{every} | stats by ("log.record.uid") count() times | stats max(times) as times')
    assert int(times["times"]) > 1, "a row grew, and was sent again"


def test_the_variable_offers_the_hosts(fleet):
    server, hosts, _ = fleet
    (variable,) = PAGE["templating"]["list"][1:]
    query = variable["query"]
    values = json.loads(server.ask("field_values", query=query["query"], field=query["field"], limit=query["limit"]))["values"]
    assert {one["value"] for one in values} == hosts
