"""The dashboard over the timelines of a fleet, in LogsQL (https://docs.victoriametrics.com/victorialogs/logsql/). What it asks
are the fields that exporters/otlp/README.md names.

The datasource is VictoriaLogs' own plugin for Grafana, victoriametrics-logs-datasource: a target's `queryType` is `stats` (one
value for each set of labels), `statsRange` (those over time) or `instant` (records).
"""

from panels import Dashboard, datasource_variable, graph, panel, row, stat, table

KIND = "victoriametrics-logs-datasource"
DATASOURCE = {"type": KIND, "uid": "${datasource}"}
HOST, CONTAINER = "host.name", "container.name"
OURS = '"service.name":="nsobserver" "host.name":~"^($host)$"'
FAILURES = "in(connect_failure, bind_failure, dns_failure, file_failure, packet_drop)"
# A value and its labels come as a frame of their own.
AS_TABLE = [{"id": "labelsToFields", "options": {"mode": "columns"}}, {"id": "merge", "options": {}}]


def quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def of_kind(kinds: str) -> str:
    return f'{OURS} "nsobserver.event.kind":{kinds}'


def summed(where: str, by: list[str]) -> str:
    """How often it happened. A row that grew was sent again with the same uid and a higher count: the highest is the one."""
    outer = f" by ({quoted(by)})" if by else ""
    return (f'{where} | stats by ({quoted(["log.record.uid", *by])}) max("nsobserver.event.count") as n'
            f" | stats{outer} sum(n) as times")


def distinct(where: str, by: list[str]) -> str:
    """How many records: each once, however often it was sent."""
    inner = f" by ({quoted(by)})" if by else ""
    return f'{where} | stats{inner} count_uniq("log.record.uid") as times'


def most(query: str) -> str:
    return f"{query} | sort by (times desc) | limit 100"


def target(query: str, kind: str, legend: str = "") -> dict:
    return {"refId": "A", "datasource": DATASOURCE, "editorMode": "code", "expr": query, "queryType": kind, "legendFormat": legend}


def number(title: str, query: str, **options) -> dict:
    return stat(title, target(query, "stats"), **options)


def lines(title: str, query: str, by: str, **options) -> dict:
    return graph(title, target(query, "statsRange", "{{" + by + "}}"), stacked=True, **options)


def ranking(title: str, query: str, columns: list[str], *, value: str = "times", **options) -> dict:
    return table(title, target(query, "stats"), columns=columns, value=value, first=AS_TABLE, **options)


def records(title: str, query: str, **options) -> dict:
    one = {**target(query, "instant"), "maxLines": 500}
    return panel("logs", title, [one], width=24, height=12,
                 options={"showTime": True, "showLabels": False, "showCommonLabels": False, "wrapLogMessage": True,
                          "prettifyLogMessage": False, "enableLogDetails": True, "dedupStrategy": "none",
                          "sortOrder": "Descending"}, **options)


def host_variable() -> dict:
    query = {"refId": "host", "type": "fieldValue", "field": HOST, "query": '"service.name":="nsobserver"', "limit": 10000}
    return {"name": "host", "type": "query", "label": "Host", "datasource": DATASOURCE, "query": query, "refresh": 2, "regex": "",
            "sort": 1, "hide": 0, "multi": False, "includeAll": True, "allValue": ".*", "options": []}


def timeline() -> Dashboard:
    failures, kills = of_kind(FAILURES), of_kind("oom_kill")
    findings = f'{OURS} "nsobserver.finding.case":*'
    connects = of_kind("connect_failure")
    return Dashboard("nsobserver-timeline", "nsobserver: timeline of the fleet", "What happened, on which hosts and in which containers.",
                     [host_variable()], [
        number("Hosts that told something", f'{OURS} | stats count_uniq("{HOST}") as hosts', bad_below=1),
        number("Failures", summed(failures, [])),
        number("OOM kills", summed(kills, []), bad_from=1),
        number("Findings", distinct(findings, []), bad_from=1),
        number("Gaps", distinct(of_kind("gap"), []), about="Times in which nobody looked."),
        number("Events lost", f'{of_kind("loss")} | stats sum("nsobserver.loss.count") as times', bad_from=1),
        lines("Failures by host", summed(failures, [HOST]), HOST, width=12),
        lines("Failures by kind", summed(failures, ["nsobserver.event.kind"]), "nsobserver.event.kind", width=12),
        ranking("Failures by host and container", most(summed(failures, [HOST, CONTAINER])), [HOST, CONTAINER]),
        ranking("Where they could not connect to", most(summed(connects, ["network.peer.address", "network.peer.port", "error.type"])),
                ["network.peer.address", "network.peer.port", "error.type"]),
        row("Findings"),
        ranking("What was found", most(distinct(findings, ["nsobserver.finding.case", "nsobserver.finding.confidence", HOST, CONTAINER])),
                ["nsobserver.finding.case", "nsobserver.finding.confidence", HOST, CONTAINER], width=24,
                about="On the host: nsobserver findings --container NAME"),
        records("Findings, newest first", findings),
        row("Memory"),
        lines("OOM kills by host", summed(kills, [HOST]), HOST, width=12),
        ranking("OOM kills by container", most(summed(kills, [HOST, CONTAINER, "nsobserver.oom_kill.reason"])),
                [HOST, CONTAINER, "nsobserver.oom_kill.reason"]),
        row("What nobody saw"),
        ranking("Gaps by host", most(distinct(of_kind("gap"), [HOST, "nsobserver.gap.cause"])), [HOST, "nsobserver.gap.cause"], width=8,
                about="The daemon did not run, or was killed."),
        # In milliseconds, as Grafana has times.
        ranking("Lag by host", f'{OURS} | stats by ("{HOST}") max(_time) as newest | math newest / 1000000 as newest | sort by (newest)'
                " | limit 1000", [HOST], value="newest record", unit="dateTimeFromNow", width=8,
                about="A host to which nothing happens has nothing to send: whether records wait there tells "
                      "nsobserver_otlp_lag_seconds of its metrics."),
        lines("Records by host", distinct(OURS, [HOST]), HOST),
        row("Live"),
        records("Everything, newest first", OURS, about="The button Live in Explore follows it."),
    ], datasource_variable("VictoriaLogs", KIND))
