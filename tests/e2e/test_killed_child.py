"""A child of a container's that is killed, while the container lives on, has ended: nobody says that it does not."""

import json
import os
import pathlib
import signal
import time
import uuid

from observer import Observer, roots_of
from runtimes import engine
from shell import wait_until

PATIENCE_SECONDS = 10  # of the rule `stuck`
COMMAND = ("/bin/sh", "-c", "sleep 1000 & wait; sleep 1000")


def test_it_is_not_stuck(images):
    with engine("runc", images) as runc, Observer(*roots_of(runc)) as observer:
        web = runc.start(f"web-{uuid.uuid4().hex[:6]}", command=COMMAND)
        children = pathlib.Path(f"/proc/{web.pid}/task/{web.pid}/children")
        (child,) = map(int, wait_until(lambda: children.read_text().split(), 10, "the child"))
        os.kill(child, signal.SIGKILL)
        wait_until(lambda: observer.events("--kind", "signal", "--container", web.name), 10, "the kill")
        time.sleep(PATIENCE_SECONDS + 2)
        assert pathlib.Path(f"/proc/{web.pid}").exists(), "it lives on"
        assert observer.scrape().sum("nsobserver_anomalies_total", rule="stuck") == 0
        findings = json.loads(observer.cli("findings", "-o", "json", "--limit", "0").stdout)
        assert [one["case"] for one in findings if one["container"]["id"] == web.id] == ["pid-who-killed"], findings
