#include "tests/unit/exporters/prometheus/snapshots.h"

#include <cerrno>

namespace nsobs::testing {

ContainerRef MakeContainer(const std::string& name, const std::string& id,
                           int64_t started_boot_ns) {
  auto container = std::make_shared<Container>();
  container->name = name;
  container->id = id.empty() ? "id-of-" + name : id;
  container->runtime = "docker";
  container->started_boot_ns = started_boot_ns;
  return container;
}

ContainerRef Dead(const ContainerRef& container) {
  auto dead = std::make_shared<Container>(*container);
  dead->died_boot_ns = 5000;
  return dead;
}

CounterOwner Host() { return {}; }
CounterOwner Of(const ContainerRef& container) { return {.container = container}; }
CounterOwner Overflow() { return {.container = nullptr, .overflow = true}; }

ConnectFailureCount Refused(const CounterOwner& owner, uint64_t value) {
  return {owner, Protocol::kTcp, ECONNREFUSED, value};
}

MetricsSnapshot FullSnapshot() {
  auto web = std::make_shared<Container>(*MakeContainer("web", "7c75f0aa1b2c3d4e"));
  web->image = "nginx:1.27";
  web->pod = "web-0";
  web->pod_namespace = "shop";
  web->namespaces[NamespaceKind::kNet].inode = 4026532846;
  web->namespaces[NamespaceKind::kPid].inode = 4026532849;
  const CounterOwner owner = Of(web);

  MetricsSnapshot s;
  s.containers = {web};
  s.connect_failures = {Refused(owner, 3), {owner, Protocol::kUnixStream, ENOENT, 2}};
  s.signals = {{owner, 15, Signal::Result::kIgnored, 1}, {Host(), 10, Signal::Result::kPending, 4}};
  s.signals_taken = {{owner, 15, Signal::Handler::kHandler, 6}};
  s.oom_kills = {{owner, OomKill::Reason::kCgroup, 1}};
  s.namespace_changes = {{Host(), NamespaceChange::Operation::kSetns, NamespaceKind::kNet, 8}};
  s.namespace_failures = {{owner, NamespaceChange::Operation::kUnshare, EPERM, 2},
                          {Host(), NamespaceChange::Operation::kUnshare, EPERM, 3}};
  s.packet_drops = {{owner, Protocol::kTcp, PacketDrop::Hook::kInput, 4},
                    {owner, Protocol::kTcp, PacketDrop::Hook::kForward, 1}};
  s.bind_failures = {{owner, Protocol::kTcp, EADDRINUSE, 5}};
  s.file_failures = {{owner, FileFailure::Operation::kOpen, EROFS, 6}};
  s.dns_failures = {{owner, Protocol::kUdp, DnsFailure::Outcome::kNoAnswer, 7}};
  s.dns_answers = {{owner, Protocol::kUdp, 0, 8}, {owner, Protocol::kTcp, 15, 9}};
  s.tcp_connects = {{owner, 10, 6, 3, 0, 1}};
  s.losses = {{owner, EventKind::kSignal, "budget", 7}};
  s.ledger = {{EventKind::kSignal, 20, 10, 3, {{"budget", 7}}}};
  s.probes = {{"signal", "tp_btf/signal_generate", true, "", "25 ns a signal"},
              {"setns", "off", false, "no hook", ""}};
  s.programs = {{"signal_generate", 1500000000, 1000, 2}, {"connect_return", 0, 0, 0, 5}};
  s.anomalies = {{"connect_failure", 5, {{"repeat", 4}}}};
  s.engines = {true, {{"docker", "ok", 3}}, {{"docker", "/run/docker.sock", true}}};
  s.otlp = {true, {{"ok", 3}}, {{"event", 1000}}, {{"expired", 2}}, 4096, 1, 2.5};
  s.investigations.findings = {{"net-loopback", 2}};
  s.investigations.active = {{"net-loopback", web, Confidence::kCertain},
                             {"oom-host", nullptr, Confidence::kUnknown}};
  s.investigations.snapshots_taken = 4;
  s.investigations.snapshots_failed = 1;
  s.investigations.snapshots_suppressed = {{"queue_full", 3}};
  s.probes[0].cpus_tried = 4;
  s.probes[0].silent_cpus = 1;
  s.investigations.snapshot_seconds = 0.25;
  s.investigations.helper_restarts = 2;
  s.helper_restarts = {{"web", "killed", 1}, {"zygote", "exited", 0}};
  s.health.version = "0.1.0";
  s.health.revision = "abc";
  s.health.kernel = "6.18.0";
  s.health.start_time_seconds = 1795442531.25;
  s.health.cpu_seconds = 0.5;
  s.health.resident_bytes = 31457280;
  s.health.counter_keys = 12;
  s.health.counter_capacity = 16384;
  return s;
}

}  // namespace nsobs::testing
