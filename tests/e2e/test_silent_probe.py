"""A program of the observer's that somebody detaches is noticed, by what the observer does for it to see."""

import json
import os
import time

import pytest

import intruder
from observer import Observer
from shell import run, wait_until

SILENT = "nsobserver_probe_silent"


def program_name(number: int) -> str:
    return json.loads(run("bpftool", "-j", "prog", "show", "id", number).stdout)["name"]


def link_of(observer, program: str) -> int:
    """The kernel keeps the first 15 bytes of the name; bpftool tells more where BTF has it."""
    for link, number in intruder.links(observer.process.pid).items():
        if program_name(number)[:15] == program[:15]:
            return link
    raise AssertionError(f"no link of {program}")


def findings(observer) -> list[dict]:
    result = observer.cli("findings", "--case", "silent-probe", "-o", "jsonl")
    assert result.returncode in (0, 1), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("program, source", [
    ("nsobs_setns_exit", "setns_return"),  # a tracepoint, by perf
    ("nsobs_signal_generate", "signal_generate"),  # by BTF
])
def test_one_that_is_detached(program, source):
    with Observer("--handover.seconds=0") as observer:  # or the keeper would hold the program, too
        wait_until(lambda: observer.scrape().matching(SILENT, source=source), 30, "a first round")
        assert observer.scrape().sum(SILENT) == 0
        intruder.detach(observer.process.pid, link_of(observer, program))
        found = wait_until(lambda: findings(observer), 15, "a finding", interval=0.5)
        assert [f["confidence"] for f in found] == ["certain"]
        assert source in found[0]["summary"] and "blind" in found[0]["summary"]
        assert found[0]["container"] is None
        metrics = observer.scrape()
        assert {labels["source"] for labels, value in metrics.matching(SILENT) if value} == {source}
        cpus = len(os.sched_getaffinity(observer.process.pid))
        assert metrics.sum("nsobserver_heartbeat_cpus") == cpus
        assert metrics.sum("nsobserver_probe_silent_cpus", source=source) == cpus
        assert metrics.sum("nsobserver_probe_silent_cpus") == cpus
        assert metrics.sum("nsobserver_anomalies_total", rule="silent_probe") == 1
        assert metrics.sum("nsobserver_finding_active", case="silent-probe") == 1


def test_its_own_deeds_are_in_no_event_and_no_counter():
    """With every source on, for several rounds, on the host: who did what is told by pid."""
    with Observer("--probes.files=on", "--signals.told=all") as observer:
        def rounds():
            return [v for labels, v in observer.scrape().matching(SILENT) if v == 0]

        wait_until(rounds, 30, "a first round")
        pid = observer.process.pid
        sources = {labels["source"] for labels, _ in observer.scrape().matching(SILENT)}
        assert {"signal_deliver", "tcp_connect", "connect_return", "bind_call", "listen_return", "clone",
                "clone3_failure", "file_openat", "file_write", "file_mount"} <= sources
        time.sleep(12)
        own = [e for e in observer.events() if (e.get("process") or {}).get("pid") == pid
               or ((e.get("signal") or {}).get("sender") or {}).get("process", {}).get("pid") == pid]
        # On a busy host a look may be late, and is then ended.
        late = [e for e in own if e["kind"] == "signal" and e["signal"]["name"] == "SIGKILL"
                and e["signal"]["target"]["process"]["comm"].startswith("nsobs-")]
        assert [e for e in own if e not in late] == []
        metrics = observer.scrape()
        assert metrics.sum(SILENT) == 0
        assert metrics.sum("nsobserver_anomalies_total", rule="silent_probe") == 0
