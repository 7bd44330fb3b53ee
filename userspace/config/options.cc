#include "userspace/config/options.h"

#include <array>

namespace nsobs {
namespace {

constexpr uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB, kTiB = 1024 * kGiB;
constexpr uint64_t kMillion = 1000ull * 1000;
constexpr absl::Duration Days(int days) { return absl::Hours(24 * days); }
constexpr std::array<std::string_view, 5> kLevels = {"trace", "debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 4> kSeverities = {"off", "info", "warning", "critical"};
constexpr std::array<std::string_view, 2> kAsk = {"auto", "off"};
constexpr std::array<std::string_view, 2> kCompressions = {"gzip", "none"};
constexpr OnReload kApplies = OnReload::kApplies;
constexpr OnReload kNeedsRestart = OnReload::kNeedsRestart;

// Member pointers don't reach into nested structs.
#define AT(member) [](Config& c) -> auto& { return c.member; }

constexpr auto kOptions = std::to_array<Option>({
    {"storage.path", "DIR", "/var/lib/nsobserver", kNeedsRestart,
     "Folder of the timeline (SQLite). Made if missing; one daemon per folder. Not on a network "
     "filesystem.",
     PathOption{AT(storage.path)}},
    {"storage.retention-age", "DURATION", "14d", kApplies, "Events older than this are removed.",
     DurationOption{AT(storage.retention_age), absl::Minutes(1), Days(3650)}},
    {"storage.retention-size", "SIZE", "2GiB", kApplies,
     "When the timeline grows beyond this, the oldest events are removed.",
     SizeOption{AT(storage.retention_bytes), 16 * kMiB, 64 * kTiB}},

    {"web.listen-address", "HOST:PORT", "127.0.0.1:9917", kNeedsRestart,
     "Where /metrics, /-/healthy and /-/ready are served. Port 0 takes any free one. Whoever "
     "reaches it can read container names and counts.",
     AddressOption{AT(web.listen_address)}},
    {"web.config.file", "FILE", "", kNeedsRestart,
     "TLS, client certificates and users with passwords for that port, in the format that "
     "Prometheus' exporters share. Without it the port speaks plain HTTP to everybody.",
     MaybePathOption{AT(web.config_file)}},

    {"log.level", "LEVEL", "info", kApplies, "The least serious messages that reach stderr.",
     ChoiceOption{AT(log.level), kLevels}},

    {"probes.syscall-hooks", "on|off", "on", kNeedsRestart,
     "Tracepoints of syscalls, where the kernel refuses hooks of its own functions (doctor says "
     "so). They cost every syscall of every process some 50 ns. Off: bystanders pay nothing, and "
     "there immediate connect failures, unix and UDP connects, setns and unshare are not seen.",
     SwitchOption{AT(probes.syscall_hooks)}},
    {"probes.io-uring", "on|off", "on", kNeedsRestart,
     "Hooks on io_uring, for connects that fail there at once.", SwitchOption{AT(probes.io_uring)}},
    {"probes.files", "auto|on|off|LIST", "auto", kNeedsRestart,
     "Calls on files that fail: read-only, not permitted, full, over quota, a loop of links. "
     "Hooks the return of open, mkdir, unlink, rename, mount and write, which are among the most "
     "frequent calls. auto: only where the kernel gives hooks that cost no other call (doctor says "
     "so), and not on write. A list of containers looks at theirs alone, also when they start "
     "later or "
     "anew: by name, pod/name, id, or at least 4 digits that an id begins with.",
     FilesOption{AT(probes.files)}},
    {"probes.dns", "on|off", "on", kNeedsRestart,
     "DNS queries to port 53 that get no answer, SERVFAIL or REFUSED. Hooks each IP packet that a "
     "socket sends or receives, at some 30 ns.",
     SwitchOption{AT(probes.dns)}},

    {"signals.told", "LIST",
     "SIGHUP,SIGINT,SIGQUIT,SIGILL,SIGABRT,SIGBUS,SIGFPE,SIGKILL,SIGSEGV,SIGTERM,SIGXCPU,SIGXFSZ,"
     "SIGSYS",
     kApplies,
     "Signals that become events of the timeline. Every signal is counted, told or not. \"none\" "
     "tells none, \"all\" tells all.",
     SignalsOption{AT(signals.told)}},

    {"connect.abandoned-after", "DURATION", "250ms", kApplies,
     "A connect that is closed or killed while under way is told if it was under way at least "
     "this long. It is counted in any case.",
     DurationOption{AT(connect.abandoned_after), absl::ZeroDuration(), Days(1)}},

    {"dns.timeout", "DURATION", "4s", kApplies,
     "A DNS query without an answer for this long is told, even if one comes later. The C library "
     "waits 5 s by itself.",
     DurationOption{AT(dns.timeout), absl::Milliseconds(100), absl::Minutes(10)}},

    {"coalesce.window", "DURATION", "1s", kApplies,
     "Equal events of one container within this time become one row with a count. 0 keeps each.",
     DurationOption{AT(coalesce.window), absl::Milliseconds(1), absl::Minutes(10), true}},

    {"budget.events-per-second", "COUNT", "250000", kApplies,
     "How many bulk events (connect failures, ordinary signals) one container may send for long. "
     "What is beyond is counted as lost, by container.",
     CountOption{AT(budget.events_per_second), 1, 1000 * kMillion}},
    {"budget.burst", "COUNT", "1000000", kApplies, "How many it may send at once.",
     CountOption{AT(budget.burst), 1, 1000 * kMillion}},
    {"budget.cpu-percent", "PERCENT", "2", kApplies,
     "How much of one core nsobserver itself may take, its BPF programs included. Above it sheds "
     "bulk events of whoever sends most, step by step: they are only counted, and a gap in the "
     "timeline tells. Counters and critical events stay exact. 0: never.",
     CountOption{AT(budget.cpu_percent), 0, 100'000}},
    {"budget.cpu-window", "DURATION", "30s", kNeedsRestart,
     "For how long it has to be above budget.cpu-percent: shorter bursts are kept in full.",
     DurationOption{AT(budget.cpu_window), absl::Seconds(3), absl::Hours(1)}},

    {"ring.critical-bytes", "SIZE", "2MiB", kNeedsRestart,
     "Buffer between kernel and daemon for namespace changes, OOM kills, lifecycle and fatal "
     "signals.",
     SizeOption{AT(ring.critical_bytes), 4 * kKiB, kGiB, true}},
    {"ring.bulk-bytes", "SIZE", "4MiB", kNeedsRestart,
     "Buffer between kernel and daemon for everything else.",
     SizeOption{AT(ring.bulk_bytes), 4 * kKiB, kGiB, true}},

    {"handover.seconds", "SECONDS", "10", kNeedsRestart,
     "How long the programs in the kernel and their buffers outlive a daemon that was killed or "
     "stopped with SIGUSR2, for the next one on the same storage to go on with, so that a restart "
     "loses no critical event. SIGTERM ends them at once, unless a service manager keeps them. 0: "
     "they always end with the daemon.",
     CountOption{AT(handover.seconds), 0, 300}},

    {"metrics.max-series", "COUNT", "10000", kApplies,
     "How many series /metrics shows at most. What is beyond goes to an exact overflow series.",
     CountOption{AT(metrics.max_series), 100, kMillion}},

    {"containers.tombstone", "DURATION", "10m", kNeedsRestart,
     "How long a dead container is remembered, to name its late events.",
     DurationOption{AT(containers.tombstone), absl::Seconds(1), Days(7)}},
    {"containers.max", "COUNT", "10000", kNeedsRestart,
     "How many containers are tracked at most. Those beyond are \"unknown\".",
     CountOption{AT(containers.max), 1, kMillion}},

    {"anomaly.enabled", "on|off", "on", kNeedsRestart,
     "The rules over the stream of events. Off: events are kept and counted, nothing is found.",
     SwitchOption{AT(anomaly.enabled)}},
    {"anomaly.repeat-interval", "DURATION", "5m", kNeedsRestart,
     "One and the same trouble is told once in this time; what came meanwhile is counted.",
     DurationOption{AT(anomaly.repeat_interval), absl::Seconds(1), Days(7)}},
    {"anomaly.container-per-minute", "COUNT", "30", kNeedsRestart,
     "How many findings of one rule one container may cause a minute: so many infos, and as many "
     "of what is worse. What is beyond is counted.",
     CountOption{AT(anomaly.container_per_minute), 1, kMillion}},
    {"anomaly.per-minute", "COUNT", "300", kNeedsRestart, "The same for all containers together.",
     CountOption{AT(anomaly.per_minute), 1, kMillion}},
    {"anomaly.connect-failure", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a container can't connect: a first failure to a destination, or a "
     "burst. Those of the host, and those that have a fallback (IPv6), are infos.",
     ChoiceOption{AT(anomaly.connect_failure), kSeverities}},
    {"anomaly.connect-failure-burst", "COUNT", "20", kNeedsRestart,
     "So many failures to one destination within connect-failure-window are a burst.",
     CountOption{AT(anomaly.connect_failure_burst), 2, kMillion}},
    {"anomaly.connect-failure-window", "DURATION", "10s", kNeedsRestart,
     "The window of connect-failure-burst.",
     DurationOption{AT(anomaly.connect_failure_window), absl::Seconds(1), absl::Hours(1)}},
    {"anomaly.bind-failure", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a container can't bind or listen: the first failure at an address. An "
     "IPv6 address that it has not got is an info.",
     ChoiceOption{AT(anomaly.bind_failure), kSeverities}},
    {"anomaly.file-failure", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a program of a container can't have a file: read-only, full, over "
     "quota, not permitted. Needs probes.files.",
     ChoiceOption{AT(anomaly.file_failure), kSeverities}},
    {"anomaly.packet-drop", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that the packet filter of a container drops what it sends, or datagrams "
     "to a port of a service. What it keeps out otherwise is an info.",
     ChoiceOption{AT(anomaly.packet_drop), kSeverities}},
    {"anomaly.dns-failure", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a name server does not answer a container, or answers SERVFAIL or "
     "REFUSED: the first of each server, or a burst. Needs probes.dns.",
     ChoiceOption{AT(anomaly.dns_failure), kSeverities}},
    {"anomaly.term-ignored", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that PID 1 of a container did not end on SIGTERM and had to be killed.",
     ChoiceOption{AT(anomaly.term_ignored), kSeverities}},
    {"anomaly.term-ignored-grace", "DURATION", "40s", kNeedsRestart,
     "An ignored SIGTERM that no SIGKILL follows within this time is told as an info.",
     DurationOption{AT(anomaly.term_ignored_grace), absl::Seconds(1), absl::Minutes(9)}},
    {"anomaly.container-end", "SEVERITY", "warning", kNeedsRestart,
     "How serious the end of a container is that neither succeeded nor was asked for. An orderly "
     "end is an info.",
     ChoiceOption{AT(anomaly.container_end), kSeverities}},
    {"anomaly.crash", "SEVERITY", "warning", kNeedsRestart,
     "How serious repeated crashes of a program are. A single one is an info.",
     ChoiceOption{AT(anomaly.crash), kSeverities}},
    {"anomaly.crash-count", "COUNT", "3", kNeedsRestart,
     "So many crashes of a program within crash-window are repeated ones.",
     CountOption{AT(anomaly.crash_count), 1, 1000}},
    {"anomaly.crash-window", "DURATION", "10m", kNeedsRestart, "The window of crash-count.",
     DurationOption{AT(anomaly.crash_window), absl::Seconds(1), Days(1)}},
    {"anomaly.oom-kill", "SEVERITY", "warning", kNeedsRestart,
     "How serious an OOM kill at the limit of a container or of an ancestor is. A host without "
     "memory is always critical.",
     ChoiceOption{AT(anomaly.oom_kill), kSeverities}},
    {"anomaly.sigkill-by-other", "SEVERITY", "info", kNeedsRestart,
     "How serious it is that a process of a container, not its PID 1, is killed from outside.",
     ChoiceOption{AT(anomaly.sigkill_by_other), kSeverities}},
    {"anomaly.stuck", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a process of a container is still there 10 s after SIGKILL.",
     ChoiceOption{AT(anomaly.stuck), kSeverities}},
    {"anomaly.zombies", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a process of a container does not wait for its children.",
     ChoiceOption{AT(anomaly.zombies), kSeverities}},
    {"anomaly.zombies-growing", "COUNT", "10", kNeedsRestart,
     "So many zombies of one parent are told if they have become more.",
     CountOption{AT(anomaly.zombies_growing), 1, kMillion}},
    {"anomaly.zombies-any", "COUNT", "50", kNeedsRestart, "So many are told in any case.",
     CountOption{AT(anomaly.zombies_any), 1, kMillion}},
    {"anomaly.pressure", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a container is throttled, waits for memory or can't fork. Waiting for "
     "cpu or io, and reaching the memory limit, are infos.",
     ChoiceOption{AT(anomaly.pressure), kSeverities}},
    {"anomaly.pressure-throttled-percent", "COUNT", "25", kNeedsRestart,
     "A container is throttled if it is so in this share of its cpu periods.",
     CountOption{AT(anomaly.pressure_throttled_percent), 1, 100}},
    {"anomaly.pressure-stalled-percent", "COUNT", "20", kNeedsRestart,
     "A container waits if some of its threads do in this share of the time.",
     CountOption{AT(anomaly.pressure_stalled_percent), 1, 100}},
    {"anomaly.pressure-window", "DURATION", "30s", kNeedsRestart,
     "The time over which the shares are taken.",
     DurationOption{AT(anomaly.pressure_window), absl::Seconds(10), absl::Minutes(10)}},
    {"anomaly.namespace-entry", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that somebody who is not its runtime enters a container.",
     ChoiceOption{AT(anomaly.namespace_entry), kSeverities}},
    {"anomaly.namespace-leak", "SEVERITY", "warning", kNeedsRestart,
     "How serious it is that a namespace outlives its container.",
     ChoiceOption{AT(anomaly.namespace_leak), kSeverities}},
    {"anomaly.namespace-leak-repeat", "DURATION", "1h", kNeedsRestart,
     "A namespace that is still there is told again after this time.",
     DurationOption{AT(anomaly.namespace_leak_repeat), absl::Minutes(1), Days(7)}},
    {"anomaly.silent-probe", "SEVERITY", "critical", kNeedsRestart,
     "How serious it is that one of the observer's own programs in the kernel no longer sees what "
     "it must: somebody detached it.",
     ChoiceOption{AT(anomaly.silent_probe), kSeverities}},

    {"engines.ask", "auto|off", "auto", kNeedsRestart,
     "Whether the container engines of this host are asked for what their files don't tell: "
     "labels, "
     "pods, health, restarts. Names never depend on it, and nothing waits for it.",
     ChoiceOption{AT(engines.ask), kAsk}},
    {"engines.deadline", "DURATION", "500ms", kNeedsRestart,
     "How long one request to an engine may take. After three failures in a row it is left alone "
     "for a while.",
     DurationOption{AT(engines.deadline), absl::Milliseconds(10), absl::Seconds(10)}},
    {"engines.refresh", "DURATION", "30s", kNeedsRestart,
     "A container with a health check is asked about again after this time, others after ten "
     "times as long.",
     DurationOption{AT(engines.refresh), absl::Milliseconds(100), absl::Hours(1)}},

    {"otlp.endpoint", "URL", "", kNeedsRestart,
     "Where the timeline is sent as OTLP logs (HTTP, protobuf). /v1/logs is added to an address "
     "without a path. Empty sends nothing.",
     UrlOption{AT(otlp.endpoint)}},
    {"otlp.headers-file", "FILE", "", kNeedsRestart,
     "Headers of each request, a line \"Name: value\" each, such as Authorization. Read anew for "
     "each request.",
     MaybePathOption{AT(otlp.headers_file)}},
    {"otlp.ca-file", "FILE", "", kNeedsRestart,
     "Certificates (PEM) that the server's must be signed by, instead of the system's.",
     MaybePathOption{AT(otlp.ca_file)}},
    {"otlp.cert-file", "FILE", "", kNeedsRestart,
     "The client's own certificate (PEM), for servers that ask for one. Needs otlp.key-file.",
     MaybePathOption{AT(otlp.cert_file)}},
    {"otlp.key-file", "FILE", "", kNeedsRestart, "The key (PEM) of otlp.cert-file.",
     MaybePathOption{AT(otlp.key_file)}},
    {"otlp.compression", "NAME", "gzip", kNeedsRestart, "How requests are compressed.",
     ChoiceOption{AT(otlp.compression), kCompressions}},
    {"otlp.timeout", "DURATION", "10s", kNeedsRestart, "How long one request may take.",
     DurationOption{AT(otlp.timeout), absl::Milliseconds(100), absl::Minutes(5)}},
    {"otlp.interval", "DURATION", "2s", kNeedsRestart,
     "How often new rows are looked for, when there are none.",
     DurationOption{AT(otlp.interval), absl::Milliseconds(100), absl::Hours(1)}},
    {"otlp.rewind", "DURATION", "15s", kNeedsRestart,
     "What was acknowledged within this time before a failure is sent again: a server that is "
     "killed may lose what it had acknowledged.",
     DurationOption{AT(otlp.rewind), absl::ZeroDuration(), absl::Hours(1)}},
    {"otlp.resource", "LIST", "", kNeedsRestart,
     "Resource attributes beside host.name and host.id, as in k8s.cluster.name=prod.",
     PairsOption{AT(otlp.resource)}},

    {"runtimes.docker-data-root", "LIST", "/var/lib/docker", kNeedsRestart,
     "dockerd's --data-root.", PathsOption{AT(runtimes.docker_data)}},
    {"runtimes.docker-exec-root", "LIST", "/run/docker", kNeedsRestart, "dockerd's --exec-root.",
     PathsOption{AT(runtimes.docker_exec)}},
    {"runtimes.containerd-state-root", "LIST", "/run/containerd", kNeedsRestart,
     "\"state\" of containerd's configuration.", PathsOption{AT(runtimes.containerd_state)}},
    {"runtimes.containerd-runc-root", "LIST", "/run/containerd/runc", kNeedsRestart,
     "Where containerd's shims keep the state of runc.", PathsOption{AT(runtimes.containerd_runc)}},
    {"runtimes.podman-storage-root", "LIST", "/var/lib/containers/storage", kNeedsRestart,
     "podman's --root.", PathsOption{AT(runtimes.podman_storage)}},
    {"runtimes.podman-run-root", "LIST", "/run/containers/storage", kNeedsRestart,
     "podman's --runroot.", PathsOption{AT(runtimes.podman_run)}},
    {"runtimes.runc-root", "LIST", "/run/runc", kNeedsRestart, "runc's --root.",
     PathsOption{AT(runtimes.runc)}},
    {"runtimes.crun-root", "LIST", "/run/crun", kNeedsRestart, "crun's --root.",
     PathsOption{AT(runtimes.crun)}},
    {"runtimes.netns-root", "LIST", "/run/netns", kNeedsRestart,
     "Folder of the network namespaces that ip netns named.", PathsOption{AT(runtimes.netns)}},
});

#undef AT

struct Section {
  std::string_view name;
  std::string_view title;
};

constexpr auto kSections = std::to_array<Section>({
    {"storage", "Where events are kept, and for how long"},
    {"web", "Metrics and health over HTTP"},
    {"log", "The daemon's own messages"},
    {"probes", "What is hooked in the kernel"},
    {"signals", "Signals"},
    {"connect", "Connects"},
    {"dns", "DNS"},
    {"coalesce", "Runs of equal events"},
    {"budget", "What one container may send"},
    {"ring", "Buffers: powers of two, at least a page"},
    {"handover", "From one life of the daemon to the next"},
    {"metrics", "Limits of /metrics"},
    {"containers", "Limits of container tracking"},
    {"anomaly", "What the rules find worth a look; the defaults are meant to be left alone"},
    {"engines", "Asking the container engines; what they add is marked"},
    {"otlp", "Sending the timeline to a log database or an OpenTelemetry Collector"},
    {"runtimes", "Folders of the container runtimes; missing ones are skipped"},
});

}  // namespace

bool Option::is_list() const {
  return std::holds_alternative<PathsOption>(type) || std::holds_alternative<SignalsOption>(type) ||
         std::holds_alternative<FilesOption>(type) || std::holds_alternative<PairsOption>(type);
}

std::span<const Option> Options() { return kOptions; }

const Option* FindOption(std::string_view path) {
  for (const Option& option : kOptions) {
    if (option.path == path) return &option;
  }
  return nullptr;
}

std::string_view SectionTitle(std::string_view section) {
  for (const Section& s : kSections) {
    if (s.name == section) return s.title;
  }
  return "";
}

}  // namespace nsobs
