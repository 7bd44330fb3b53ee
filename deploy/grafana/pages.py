"""What stands on each dashboard. $node is a regular expression of instances, $container one name."""

from panels import Dashboard, graph, label_variable, row, stat, table

FINDING_COLUMNS = ["case", "confidence", "container", "pod_namespace", "pod", "instance"]
NODE = label_variable("node", "Node", "label_values(nsobserver_build_info, instance)", several=True)
CONTAINER = label_variable(
    "container", "Container",
    'label_values(nsobserver_tcp_connect_attempts_total{instance=~"$node"}, container)', several=False)


def rate(name: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({name}{{{where}}}[$__rate_interval]))"


def increase(name: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (increase({name}{{{where}}}[$__rate_interval]))"


def fleet() -> Dashboard:
    return Dashboard("nsobserver-fleet", "nsobserver: fleet", "What is wrong, and where.", [], [
        stat("Nodes watched", 'count(up{job="nsobserver"} == 1)', bad_below=1),
        stat("Nodes down", 'count(up{job="nsobserver"} == 0) or vector(0)', bad_from=1),
        stat("Containers", "sum(nsobserver_containers)"),
        stat("Active findings", "sum(nsobserver_findings_active)", bad_from=1),
        stat("OOM kills", "sum(increase(nsobserver_oom_kills_total[$__range]))", bad_from=1),
        stat("Events lost", "sum(increase(nsobserver_events_lost_total[$__range]))", bad_from=1),
        table("What is wrong now", "nsobserver_finding_active == 1", columns=FINDING_COLUMNS, links=True,
              about="Each was found within the last ten minutes. On the node: nsobserver findings."),
        table("Alerts that fire", 'count by (severity, alertname, container, instance) '
              '(ALERTS{alertstate="firing", alertname=~"Nsobserver.+"})',
              columns=["severity", "alertname", "container", "instance"], links=True),
        graph("Findings by case", ("sum by (case) (nsobserver_finding_active)", "{{case}}"), stacked=True),
        graph("Connect failures by errno", (rate("nsobserver_connect_failures_total", "errno"), "{{errno}}"), unit="cps"),
        graph("Connect failures: the ten worst",
              ("topk(10, " + rate("nsobserver_connect_failures_total", "container") + ")", "{{container}}"), unit="cps"),
        graph("OOM kills by reason", (increase("nsobserver_oom_kills_total", "reason"), "{{reason}}")),
        graph("Packets dropped by a filter", (rate("nsobserver_packet_drops_total", "instance"), "{{instance}}"),
              unit="cps"),
        graph("Containers by node", ("nsobserver_containers", "{{instance}}")),
    ])


def node() -> Dashboard:
    on = 'instance=~"$node"'
    return Dashboard("nsobserver-node", "nsobserver: node", "One node, container by container.", [NODE], [
        stat("Containers", f"sum(nsobserver_containers{{{on}}})"),
        stat("Active findings", f"sum(nsobserver_findings_active{{{on}}})", bad_from=1),
        stat("Connects under way", f"sum(nsobserver_tcp_connects_in_flight{{{on}}})"),
        stat("Connects that fail", f'sum(rate(nsobserver_tcp_connects_total{{outcome="failed",{on}}}[$__range])) / '
             f"(sum(rate(nsobserver_tcp_connects_total{{{on}}}[$__range])) > 0)", unit="percentunit", bad_from=0.5),
        stat("OOM kills", f"sum(increase(nsobserver_oom_kills_total{{{on}}}[$__range]))", bad_from=1),
        stat("Host out of memory", f'sum(increase(nsobserver_oom_kills_total{{reason="host",{on}}}[$__range]))',
             bad_from=1),
        table("What is wrong now", f"nsobserver_finding_active{{{on}}} == 1", columns=FINDING_COLUMNS, links=True),
        table("Containers", f"nsobserver_container_info{{{on}}}", links=True,
              columns=["container", "runtime", "image", "pod_namespace", "pod", "netns", "instance"]),
        row("Network"),
        graph("TCP connects by outcome", (rate("nsobserver_tcp_connects_total", "outcome", on), "{{outcome}}"),
              unit="cps", stacked=True),
        graph("Connect failures by container",
              ("topk(10, " + rate("nsobserver_connect_failures_total", "container, errno", on) + ")",
               "{{container}} {{errno}}"), unit="cps"),
        graph("Packets dropped by a filter", (rate("nsobserver_packet_drops_total", "container, protocol", on),
                                              "{{container}} {{protocol}}"), unit="cps"),
        graph("DNS queries that fail", (rate("nsobserver_dns_failures_total", "container, outcome", on),
                                        "{{container}} {{outcome}}"), unit="cps", width=24),
        row("Files, processes, memory"),
        graph("File calls that fail (probes.files)",
              (rate("nsobserver_file_failures_total", "container, errno", on), "{{container}} {{errno}}"), unit="cps"),
        graph("Signals that were ignored", (increase("nsobserver_signals_total", "container, signal",
                                                     f'result="ignored",{on}'), "{{container}} {{signal}}")),
        graph("SIGKILL", (increase("nsobserver_signals_total", "container", f'signal="SIGKILL",{on}'), "{{container}}")),
        graph("OOM kills", (increase("nsobserver_oom_kills_total", "container, reason", on), "{{container}} {{reason}}")),
        row("Isolation"),
        graph("Namespaces entered", (increase("nsobserver_namespace_changes_total", "container, kind",
                                              f'operation="setns",{on}'), "{{container}} {{kind}}"), width=12),
        graph("Namespaces made", (increase("nsobserver_namespace_changes_total", "container, kind",
                                           f'operation!="setns",{on}'), "{{container}} {{kind}}"), width=12),
    ])


def container() -> Dashboard:
    of = 'instance=~"$node",container="$container"'
    return Dashboard("nsobserver-container", "nsobserver: container", "One container, family by family.",
                     [NODE, CONTAINER], [
        table("What it is", f"nsobserver_container_info{{{of}}}",
              columns=["container", "runtime", "image", "pod_namespace", "pod", "container_id", "netns", "mntns", "pidns",
                       "instance"]),
        table("What is wrong now", f"nsobserver_finding_active{{{of}}} == 1", columns=FINDING_COLUMNS,
              about="On the node: nsobserver findings --container NAME"),
        row("Network"),
        graph("TCP connects by outcome", (rate("nsobserver_tcp_connects_total", "outcome", of), "{{outcome}}"),
              ("sum(nsobserver_tcp_connects_in_flight{" + of + "})", "under way now"), unit="cps"),
        graph("Connect failures", (rate("nsobserver_connect_failures_total", "protocol, errno", of),
                                   "{{protocol}} {{errno}}"), unit="cps"),
        graph("Dropped packets, failed binds", (rate("nsobserver_packet_drops_total", "protocol", of), "dropped {{protocol}}"),
              (rate("nsobserver_bind_failures_total", "errno", of), "bind {{errno}}"), unit="cps"),
        graph("DNS queries that fail", (rate("nsobserver_dns_failures_total", "protocol, outcome", of),
                                        "{{protocol}} {{outcome}}"), unit="cps", width=12),
        graph("DNS answers by what they say", (rate("nsobserver_dns_answers_total", "protocol, rcode", of),
                                               "{{protocol}} {{rcode}}"), unit="cps", width=12),
        row("Files and memory"),
        graph("File calls that fail (probes.files)", (rate("nsobserver_file_failures_total", "operation, errno", of),
                                                      "{{operation}} {{errno}}"), unit="cps", width=12),
        graph("OOM kills by whose limit", (increase("nsobserver_oom_kills_total", "reason", of), "{{reason}}"), width=12),
        row("Processes and isolation"),
        graph("Signals by what became of them", (increase("nsobserver_signals_total", "signal, result", of),
                                                 "{{signal}} {{result}}")),
        graph("Namespaces entered or made", (increase("nsobserver_namespace_changes_total", "operation, kind", of),
                                             "{{operation}} {{kind}}")),
        graph("Events that were counted only", (increase("nsobserver_container_events_lost_total", "kind, cause", of),
                                                "{{kind}} {{cause}}"),
              about="Lost to the timeline by the container's budget or a full buffer; the counts above have them."),
    ])


def agent() -> Dashboard:
    on = 'instance=~"$node"'
    return Dashboard("nsobserver-agent", "nsobserver: agent health", "Does nsobserver itself see and keep everything?",
                     [NODE], [
        stat("Scraped", f'min(up{{job="nsobserver",{on}}})', bad_below=1),
        stat("Timeline written", f"min(nsobserver_storage_up{{{on}}})", bad_below=1),
        stat("Last commit", f"max(nsobserver_last_commit_age_seconds{{{on}}})", unit="s", bad_from=120),
        stat("Events lost", f"sum(increase(nsobserver_events_lost_total{{{on}}}[$__range]))", bad_from=1),
        stat("Probes attached", f"sum(nsobserver_probe_info{{{on}}})"),
        stat("Stale scrapes", f"sum(increase(nsobserver_scrape_barrier_timeouts_total{{{on}}}[$__range]))", bad_from=1),
        table("Versions", f"nsobserver_build_info{{{on}}}", columns=["instance", "version", "revision", "kernel"]),
        table("Probes", f"nsobserver_probe_info{{{on}}}", columns=["source", "hook", "instance"], value="attached"),
        row("Events"),
        graph("Events by kind", (rate("nsobserver_events_observed_total", "kind", on), "{{kind}}"), unit="cps"),
        graph("Where they went", (f"sum(rate(nsobserver_events_recorded_total{{{on}}}[$__rate_interval]))", "recorded"),
              (f"sum(rate(nsobserver_events_coalesced_total{{{on}}}[$__rate_interval]))", "coalesced"),
              (f"sum(rate(nsobserver_events_lost_total{{{on}}}[$__rate_interval]))", "lost"), unit="cps", stacked=True),
        graph("Lost by cause", (increase("nsobserver_events_lost_total", "instance, cause", on), "{{instance}} {{cause}}")),
        graph("Anomalies by rule", (increase("nsobserver_anomalies_total", "rule", on), "{{rule}}")),
        graph("Not told", (increase("nsobserver_anomalies_suppressed_total", "cause", on), "anomalies: {{cause}}"),
              (increase("nsobserver_snapshots_suppressed_total", "cause", on), "looks: {{cause}}")),
        graph("Looks into namespaces", (increase("nsobserver_snapshots_total", "result", on), "{{result}}")),
        graph("Probes that see nothing any more", (f"sum by (instance, source) (nsobserver_probe_silent{{{on}}})",
                                                   "{{instance}} {{source}}"), width=12),
        graph("A process of its own was replaced", (increase("nsobserver_helper_restarts_total", "instance, process, reason", on),
                                                    "{{instance}} {{process}} {{reason}}"), width=12),
        row("What it uses"),
        graph("CPU", (f"rate(nsobserver_process_cpu_seconds_total{{{on}}}[$__rate_interval])", "{{instance}}"),
              unit="percentunit"),
        graph("Memory", (f"nsobserver_process_resident_memory_bytes{{{on}}}", "{{instance}}"), unit="bytes"),
        graph("Timeline on disk", (f"nsobserver_database_size_bytes{{{on}}}", "{{instance}}"), unit="bytes"),
        graph("How full", (f"nsobserver_queue_length{{{on}}} / nsobserver_queue_capacity", "queue {{instance}}"),
              (f"nsobserver_kernel_map_entries{{{on}}} / nsobserver_kernel_map_entries_max", "kernel map {{instance}}"),
              (f"nsobserver_container_series{{{on}}} / nsobserver_container_series_max", "series {{instance}}"),
              unit="percentunit"),
        graph("What it takes of what it may take", (f"nsobserver_budget_cpu_ratio{{{on}}}", "{{of}} {{instance}}"),
              (f"nsobserver_budget_cpu_ratio_max{{{on}}}", "allowed {{instance}}"), unit="percentunit"),
        graph("Threads and files", (f"nsobserver_process_threads{{{on}}}", "threads {{instance}}"),
              (f"nsobserver_process_open_fds{{{on}}}", "files {{instance}}")),
    ])
