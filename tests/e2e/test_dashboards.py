"""Every query of every panel, and every example of the metrics' table, against a real Prometheus during a workload."""

import json
import sys

import pytest

from monitoring import prometheus
from observer import ROOT, Observer, roots_of
from otlp import Receiver
from runtimes import engine
from shell import wait_until
from workload import Workload

sys.path.append(str(ROOT / "tests/check"))

from catalog import catalog  # noqa: E402

SLOW = 120  # seconds, on a machine that is busy
PAGES = ("fleet", "node", "container", "agent")


@pytest.fixture(scope="module")
def watched(images):
    """(Prometheus, the container's name), when its first failure has been scraped and told."""
    with engine("podman", images) as podman, Receiver() as receiver, \
            Observer("--probes.files=on", f"--otlp.endpoint={receiver.url}", *roots_of(podman)) as observer, \
            prometheus(observer.port, rules=True) as server, Workload(podman) as load:
        name = load.web.name
        for what, query in {
                "its findings": f'nsobserver_finding_active{{container="{name}"}} == 1',
                "an alert": f'ALERTS{{container="{name}",alertstate="firing"}}',
                "a moving count": f'increase(nsobserver_oom_kills_total{{container="{name}"}}[1m]) > 0'}.items():
            wait_until(lambda q=query: server.query(q), SLOW, what, interval=0.5)
        yield server, name


def queries_of(page: str, container: str) -> dict[str, str]:
    panels = json.loads((ROOT / f"deploy/grafana/dashboards/{page}.json").read_text())["panels"]
    queries = {f"{panel['title']} {target['refId']}": target["expr"]
               for panel in panels for target in panel.get("targets", [])}
    for title, query in queries.items():
        for name, value in (("$__rate_interval", "1m"), ("$__range", "2m"), ("$node", ".*"), ("$container", container)):
            query = query.replace(name, value)
        assert "$" not in query, title
        queries[title] = query
    return queries


def wait_for_data(without) -> None:
    """Until `without` returns none; the failure tells which are left."""
    left = []

    def none_left() -> bool:
        left[:] = without()
        return not left

    wait_until(none_left, SLOW, left, interval=1)


@pytest.mark.parametrize("page", PAGES)
def test_every_panel_has_data(watched, page):
    server, name = watched
    queries = queries_of(page, name)
    assert len(queries) > 10
    refused = {title: error for title, query in queries.items() if (error := server.error_of(query))}
    assert refused == {}

    wait_for_data(lambda: [title for title, query in queries.items() if not server.query(query)])


def test_what_the_container_did_is_what_its_panels_show(watched):
    server, name = watched
    queries = queries_of("container", name)
    for title, labels in {
            "Connect failures A": {"protocol": "tcp", "errno": "ECONNREFUSED"},
            "File calls that fail (probes.files) A": {"operation": "open", "errno": "EROFS"},
            "OOM kills by whose limit A": {"reason": "cgroup"},
            "DNS queries that fail A": {"protocol": "udp", "outcome": "servfail"},
            "DNS answers by what they say A": {"protocol": "udp", "rcode": "servfail"},
            "Signals by what became of them A": {"signal": "SIGTERM", "result": "ignored"}}.items():
        wait_until(lambda q=queries[title], want=labels: any(
            value > 0 and want.items() <= have.items() for have, value in server.query(q)), SLOW, title, interval=1)
    info = server.query(queries["What it is A"])
    assert [labels["runtime"] for labels, _ in info] == ["podman"]


def test_the_page_about_it_is_on_its_way(watched):
    """It joins findings with rates; the five minutes that it waits are promtool's to try."""
    server, name = watched
    alert = f'ALERTS{{alertname="NsobserverContainerCannotConnect",severity="page",container="{name}"}}'
    wait_until(lambda: server.query(alert), SLOW, "pending", interval=1)


def test_variables_offer_the_container(watched):
    server, name = watched
    answer = server.get("/api/v1/label/container/values", **{"match[]": "nsobserver_tcp_connect_attempts_total"})
    assert name in answer["data"]


def test_every_example_of_the_readme_is_a_query(watched):
    server, _ = watched
    examples = [metric.example for metric in catalog().values()]
    refused = {example: error for example in examples if (error := server.error_of(example))}
    assert refused == {}

    # But for those that only show what is wrong.
    plain = [example for example in examples if not any(sign in example for sign in (" > ", " < ", "== 0"))]
    wait_for_data(lambda: [example for example in plain if not server.query(example)])
