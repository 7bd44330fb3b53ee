#include "userspace/config/options.h"

#include <array>

namespace nsobs {
namespace {

constexpr uint64_t kKiB = 1024, kMiB = 1024 * kKiB, kGiB = 1024 * kMiB, kTiB = 1024 * kGiB;
constexpr uint64_t kMillion = 1000ull * 1000;
constexpr absl::Duration Days(int days) { return absl::Hours(24 * days); }
constexpr std::array<std::string_view, 5> kLevels = {"trace", "debug", "info", "warn", "error"};
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

    {"log.level", "LEVEL", "info", kApplies, "The least serious messages that reach stderr.",
     ChoiceOption{AT(log.level), kLevels}},

    {"probes.syscall-hooks", "on|off", "on", kNeedsRestart,
     "Hooks on the return of syscalls, where the kernel has nothing better. They cost every "
     "syscall of every process some 50 ns. Off: bystanders pay nothing, and immediate connect "
     "failures, unix and UDP connects, setns and unshare are not seen.",
     SwitchOption{AT(probes.syscall_hooks)}},
    {"probes.io-uring", "on|off", "on", kNeedsRestart,
     "Hooks on io_uring, for connects that fail there at once.", SwitchOption{AT(probes.io_uring)}},
    {"probes.files", "on|off", "off", kNeedsRestart,
     "Calls on files that fail: read-only, not permitted, full, over quota, a loop of links. "
     "Hooks the return of open, mkdir, unlink, rename, mount and write, which are among the most "
     "frequent calls.",
     SwitchOption{AT(probes.files)}},

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

    {"coalesce.window", "DURATION", "1s", kApplies,
     "Equal events of one container within this time become one row with a count. 0 keeps each.",
     DurationOption{AT(coalesce.window), absl::Milliseconds(1), absl::Minutes(10), true}},

    {"budget.events-per-second", "COUNT", "250000", kApplies,
     "How many bulk events (connect failures, ordinary signals) one container may send for long. "
     "What is beyond is counted as lost, by container.",
     CountOption{AT(budget.events_per_second), 1, 1000 * kMillion}},
    {"budget.burst", "COUNT", "1000000", kApplies, "How many it may send at once.",
     CountOption{AT(budget.burst), 1, 1000 * kMillion}},

    {"ring.critical-bytes", "SIZE", "2MiB", kNeedsRestart,
     "Buffer between kernel and daemon for namespace changes, OOM kills, lifecycle and fatal "
     "signals.",
     SizeOption{AT(ring.critical_bytes), 4 * kKiB, kGiB, true}},
    {"ring.bulk-bytes", "SIZE", "4MiB", kNeedsRestart,
     "Buffer between kernel and daemon for everything else.",
     SizeOption{AT(ring.bulk_bytes), 4 * kKiB, kGiB, true}},

    {"metrics.max-series", "COUNT", "10000", kApplies,
     "How many series /metrics shows at most. What is beyond goes to an exact overflow series.",
     CountOption{AT(metrics.max_series), 100, kMillion}},

    {"containers.tombstone", "DURATION", "10m", kNeedsRestart,
     "How long a dead container is remembered, to name its late events.",
     DurationOption{AT(containers.tombstone), absl::Seconds(1), Days(7)}},
    {"containers.max", "COUNT", "10000", kNeedsRestart,
     "How many containers are tracked at most. Those beyond are \"unknown\".",
     CountOption{AT(containers.max), 1, kMillion}},

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

constexpr std::array<Section, 12> kSections = {{
    {"storage", "Where events are kept, and for how long"},
    {"web", "Metrics and health over HTTP"},
    {"log", "The daemon's own messages"},
    {"probes", "What is hooked in the kernel"},
    {"signals", "Signals"},
    {"connect", "Connects"},
    {"coalesce", "Runs of equal events"},
    {"budget", "What one container may send"},
    {"ring", "Buffers: powers of two, at least a page"},
    {"metrics", "Limits of /metrics"},
    {"containers", "Limits of container tracking"},
    {"runtimes", "Folders of the container runtimes; missing ones are skipped"},
}};

}  // namespace

bool Option::is_list() const {
  return std::holds_alternative<PathsOption>(type) || std::holds_alternative<SignalsOption>(type);
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
