// Every setting of the daemon. What an option is called, allows and means stands in the table of
// options.cc, and there only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "exporters/otlp/options.h"
#include "userspace/anomaly/options.h"
#include "userspace/enrichment/options.h"

namespace nsobs {

struct HostPort {
  std::string host;   // an address or a name, IPv6 without brackets
  uint16_t port = 0;  // 0: any free port

  friend bool operator==(const HostPort&, const HostPort&) = default;
};

// Whose calls on files are looked at when they fail.
struct FilesProbe {
  bool on = false;
  std::vector<std::string> containers;  // names, ids or beginnings of ids; empty: everybody's
  bool where_free = false;              // with `on`: only by hooks that cost no other call

  friend bool operator==(const FilesProbe&, const FilesProbe&) = default;
};

// A plain value. A default-constructed one is empty: take DefaultConfig() or LoadConfig().
struct Config {
  struct Storage {
    std::string path;
    absl::Duration retention_age;
    uint64_t retention_bytes = 0;
  } storage;
  struct Web {
    HostPort listen_address;
    std::string config_file;  // TLS and users; "" : neither
  } web;
  struct Log {
    std::string level;
  } log;
  struct Probes {
    bool syscall_hooks = false;
    bool io_uring = false;
    FilesProbe files;
    bool dns = false;
  } probes;
  struct Signals {
    uint64_t told = 0;  // bit (signal - 1)
  } signals;
  struct Connect {
    absl::Duration abandoned_after;
  } connect;
  struct Dns {
    absl::Duration timeout;
  } dns;
  struct Coalesce {
    absl::Duration window;  // zero: off
  } coalesce;
  struct Budget {  // first of one container, for the bulk ring
    uint64_t events_per_second = 0;
    uint64_t burst = 0;
    uint64_t cpu_percent = 0;  // of one core, what the observer itself may take; 0: no limit
    absl::Duration cpu_window;
  } budget;
  struct Ring {  // powers of two, at least a page
    uint64_t critical_bytes = 0;
    uint64_t bulk_bytes = 0;
  } ring;
  struct Handover {
    uint64_t seconds = 0;  // 0: off
  } handover;
  struct Metrics {
    uint64_t max_series = 0;
  } metrics;
  struct Containers {
    absl::Duration tombstone;
    uint64_t max = 0;
  } containers;
  AnomalyOptions anomaly;
  EnrichmentOptions engines;
  OtlpOptions otlp;
  struct Runtimes {  // folders of the host; a missing one is a runtime that isn't installed
    std::vector<std::string> docker_data;
    std::vector<std::string> docker_exec;
    std::vector<std::string> containerd_state;
    std::vector<std::string> containerd_runc;
    std::vector<std::string> podman_storage;
    std::vector<std::string> podman_run;
    std::vector<std::string> runc;
    std::vector<std::string> crun;
    std::vector<std::string> netns;
  } runtimes;
};

Config DefaultConfig();

// The defaults, overridden by the YAML file, overridden by the flags (option path, text), e.g.
// {"storage.path", "/data"}. Errors are one line that names file:line or flag, what is wrong and
// what is allowed: INVALID_ARGUMENT for what is written there, the errno's code for a file that
// can't be read.
absl::StatusOr<Config> LoadConfig(
    const std::optional<std::string>& file,
    const std::vector<std::pair<std::string, std::string>>& flag_overrides);

// What a reload may change in a running daemon.
struct Reload {
  Config config;                           // `running` with the reloadable options of `loaded`
  std::vector<std::string> changed;        // paths that took effect
  std::vector<std::string> needs_restart;  // paths that differ and keep their running value
};
Reload PlanReload(const Config& running, const Config& loaded);

}  // namespace nsobs
