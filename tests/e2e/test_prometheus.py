"""A real Prometheus scrapes the daemon, and promtool reads what it serves."""

import uuid

from monitoring import prometheus
from namespaces import net_namespace
from shell import run, wait_until

def test_promtool_finds_nothing(observer):
    with net_namespace() as name:
        run("ip", "netns", "exec", name, "/bin/busybox", "nc", "127.0.0.1", "9", check=False)
        wait_until(lambda: observer.events("--container", f"netns {name}"), 1, "a labelled series")
        text = observer.scrape().text
    result = run("promtool", "check", "metrics", input=text, stdin=None, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_prometheus_scrapes_and_answers(observer):
    name = f"prom-{uuid.uuid4().hex[:6]}"
    with prometheus(observer.port) as server, net_namespace(name):
        query = server.query
        wait_until(lambda: query('up{job="nsobserver"} == 1'), 20, "the first scrape")
        for _ in range(3):
            run("ip", "netns", "exec", name, "/bin/busybox", "nc", "127.0.0.1", "9", check=False)
        selector = f'{{container="netns {name}",errno="ECONNREFUSED",protocol="tcp"}}'
        wait_until(lambda: query(f"nsobserver_connect_failures_total{selector} == 3"), 5,
                   "three failures in Prometheus")
        joined = query(f"nsobserver_connect_failures_total{selector} * on(container) "
                       "group_left(netns, runtime) nsobserver_container_info")
        assert len(joined) == 1
        assert joined[0][0]["runtime"] == "netns"
        assert query("nsobserver_events_observed_total - nsobserver_events_recorded_total - "
                     "nsobserver_events_coalesced_total - ignoring(cause) group_right() "
                     "sum without(cause) (nsobserver_events_lost_total) != 0") == []
        wait_until(lambda: query("scrape_duration_seconds < 0.5"), 5, "a quick scrape")
        assert query("scrape_samples_scraped > 10000") == []
