"""A timeline goes to a real VictoriaLogs that is killed with SIGKILL three times on the way, away for a
while once. Afterwards each row must be there, with its last count, and no uid that the timeline doesn't have."""

import os
import pathlib
import re
import time

from load import connect_load
from observer import Observer
from shell import wait_until
from victoria_logs import VictoriaLogs

ROWS_A_SECOND = 300


def rows_of(server: VictoriaLogs) -> dict[int, tuple[str, int, int]]:
    """Row -> (uid, highest count, how many times it is there)."""
    found = server.query('* | stats by ("log.record.uid", "nsobserver.event.id") '
                       'max("nsobserver.event.count") highest, count() times | limit 10000000')
    rows = {}
    for row in found:
        if row.get("nsobserver.event.id"):
            number = int(row["nsobserver.event.id"])
            assert number not in rows, f"two uids of row {number}"
            rows[number] = (row["log.record.uid"], int(row["highest"]), int(row["times"]))
    return rows


def counter(metrics, name: str, **labels) -> float:
    return metrics.sum(f"nsobserver_otlp_{name}", **labels)


def test_victoria_logs_killed_and_restarted(victoria_logs):
    with Observer(f"--otlp.endpoint={victoria_logs.endpoint}", "--coalesce.window=0") as observer:
        judge(victoria_logs, observer)


def judge(server: VictoriaLogs, observer: Observer) -> None:
    with connect_load(ROWS_A_SECOND):
        for away in (0.0, 20.0, 1.0):
            time.sleep(12)
            server.kill()
            time.sleep(away)
            server.start()
        time.sleep(10)
    timeline = {e["id"]: e["count"] for e in observer.events()}
    last = max(timeline)

    def missing() -> set[int]:
        have = {i: c for i, (_, c, _) in rows_of(server).items()}
        return {i for i, count in timeline.items() if have.get(i) != count}

    # A server that was killed after the last acknowledgement can only be noticed by the next request.
    wait_until(lambda: not missing(), 120, "every row")
    rows = {i: row for i, row in rows_of(server).items() if i <= last}
    assert set(rows) == set(timeline)
    assert len({uid for uid, _, _ in rows.values()}) == len(rows)
    report(server, observer, timeline, rows)


def report(server: VictoriaLogs, observer: Observer, timeline: dict, rows: dict) -> None:
    metrics = observer.scrape()
    events = counter(metrics, "records_sent_total", kind="event")
    sent = counter(metrics, "records_sent_total")
    times = sum(times for _, _, times in rows.values())
    lines = [
        "| what | figure |", "|---|---|",
        f"| rows of the timeline, all there after de-duplication by uid | {len(rows):,} of {len(timeline):,} |",
        f"| records as they lie there, repeated ones too | {times:,} |",
        f"| records acknowledged (events alone) | {sent:,.0f} ({events:,.0f}) |",
        f"| rewinds | {counter(metrics, 'rewinds_total'):.0f} |",
        f"| requests that failed, by cause | {failures(metrics)} |",
        f"| bytes a record, gzip, as sent | {counter(metrics, 'sent_bytes_total') / sent:.0f} |",
        f"| bytes a record on VictoriaLogs' disk | {server.bytes_on_disk() / times:.0f} |",
        f"| bytes a row in the timeline | {metrics.sum('nsobserver_database_size_bytes') / len(timeline):.0f} |",
        f"| series of this host on /metrics, bytes a scrape | {series(metrics.text)} |",
    ]
    text = "\n".join(lines) + "\n"
    print(text)
    if table := os.environ.get("NSOBS_FLEET_TABLE"):
        pathlib.Path(table).write_text(text)


def failures(metrics) -> str:
    counts = {labels["result"]: int(value)
              for labels, value in metrics.samples["nsobserver_otlp_requests_total"] if labels["result"] != "ok"}
    return ", ".join(f"{cause} {count}" for cause, count in sorted(counts.items()) if count) or "none"


def series(text: str) -> str:
    samples = [line for line in text.splitlines() if line and not line.startswith("#")]
    containers = re.search(r"^nsobserver_containers (\d+)$", text, re.MULTILINE)
    return f"{len(samples)} with {containers[1] if containers else '?'} containers, {len(text):,} bytes"
