#include "userspace/pipeline/metrics_builder.h"

#include <utility>
#include <vector>

#include "userspace/base/log.h"
#include "userspace/pipeline/agent_health.h"

namespace nsobs {
namespace {

// A scrape waits this long for events that are under way.
constexpr absl::Duration kBarrierTimeout = absl::Milliseconds(500);
// A dead container's counters stay in the kernel this long: late outcomes still find them.
constexpr int64_t kKeepDeadNs = 60'000'000'000;

}  // namespace

MetricsBuilder::MetricsBuilder(BuildFacts facts, ProbeSet* probes, const Correlator* correlator,
                               Pipeline* pipeline, const Clock* clock)
    : facts_(std::move(facts)),
      probes_(probes),
      correlator_(correlator),
      pipeline_(pipeline),
      clock_(clock),
      counters_(probes->counters()),
      start_wall_ns_(clock->WallNs()) {}

CounterOwner MetricsBuilder::OwnerOf(const CounterKey& key, NamespaceKind kind,
                                     const Inventory& inventory) {
  ContainerRef found = inventory.OwnerOf(key.cgroup, kind, key.ns);
  if (found != nullptr) {
    owners_[{key, kind}].container = found;
    return {found, false};
  }
  auto it = owners_.find({key, kind});
  return {it == owners_.end() ? nullptr : it->second.container, false};
}

void MetricsBuilder::AddCounter(const Counter& c, const Inventory& inventory,
                                MetricsSnapshot* out) {
  CounterOwner owner = c.overflow ? CounterOwner{nullptr, true}
                                  : OwnerOf(c.key, NamespaceOf(c.family), inventory);
  const auto b8 = static_cast<uint8_t>(c.b);
  switch (c.family) {
    case CounterFamily::kConnectFailure:
      out->connect_failures.push_back(
          {std::move(owner), static_cast<Protocol>(c.a), static_cast<int>(c.b), c.value});
      return;
    case CounterFamily::kSignal:
      out->signals.push_back({std::move(owner), c.a, static_cast<Signal::Result>(b8), c.value});
      return;
    case CounterFamily::kOomKill:
      out->oom_kills.push_back(
          {std::move(owner), static_cast<OomKill::Reason>(static_cast<uint8_t>(c.a)), c.value});
      return;
    case CounterFamily::kNamespaceChange:
      out->namespace_changes.push_back(
          {std::move(owner), static_cast<NamespaceChange::Operation>(static_cast<uint8_t>(c.a)),
           static_cast<NamespaceKind>(b8), c.value});
      return;
    case CounterFamily::kNamespaceFailure:
      out->namespace_failures.push_back(
          {std::move(owner), static_cast<NamespaceChange::Operation>(static_cast<uint8_t>(c.a)),
           static_cast<int>(c.b), c.value});
      return;
    case CounterFamily::kSignalTaken:
      out->signals_taken.push_back(
          {std::move(owner), c.a, static_cast<Signal::Handler>(b8), c.value});
      return;
  }
}

void MetricsBuilder::AddTcp(const TcpCounter& c, const Inventory& inventory, MetricsSnapshot* out) {
  CounterOwner owner = c.overflow ? CounterOwner{nullptr, true}
                                  : OwnerOf(c.key, NamespaceKind::kNet, inventory);
  const uint64_t done = c.established + c.failed + c.abandoned;
  out->tcp_connects.push_back({std::move(owner), c.attempts, c.established, c.failed, c.abandoned,
                               c.attempts > done ? c.attempts - done : 0});
}

void MetricsBuilder::ForgetDead(const KernelCounters& counters) {
  const int64_t now_ns = clock_->BootNs();
  const auto forgettable = [&](const CounterKey& key, NamespaceKind kind) {
    auto it = owners_.find({key, kind});
    if (it == owners_.end()) return false;
    OwnerState& state = it->second;
    const int64_t died_ns = state.container->died_boot_ns;
    if (died_ns == 0 || now_ns - died_ns < kKeepDeadNs) return false;
    return std::exchange(state.shown_dead, true);
  };
  std::vector<Counter> counters_gone;
  std::vector<TcpCounter> tcp_gone;
  for (const Counter& c : counters.counters) {
    if (!c.overflow && forgettable(c.key, NamespaceOf(c.family))) counters_gone.push_back(c);
  }
  for (const TcpCounter& c : counters.tcp) {
    const bool in_flight = c.attempts != c.established + c.failed + c.abandoned;
    if (!c.overflow && !in_flight && forgettable(c.key, NamespaceKind::kNet)) tcp_gone.push_back(c);
  }
  counters_.Delete(counters_gone, tcp_gone);
  for (const Counter& c : counters_gone) owners_.erase({c.key, NamespaceOf(c.family)});
}

void MetricsBuilder::AddHealth(const KernelCounters& counters, MetricsSnapshot* out) {
  AgentHealth& health = out->health;
  health.version = facts_.version;
  health.revision = facts_.revision;
  health.kernel = facts_.kernel;
  health.start_time_seconds = static_cast<double>(start_wall_ns_) / 1e9;
  ReadOwnUsage(&health);
  const TimelineWriter& writer = pipeline_->writer();
  health.database_bytes = writer.database_bytes();
  health.storage_ok = writer.storage_ok();
  health.last_commit_age_seconds =
      static_cast<double>(clock_->BootNs() - writer.last_commit_boot_ns()) / 1e9;
  health.queue_length = pipeline_->queue_length();
  health.queue_capacity = pipeline_->queue_capacity();
  health.context_records = pipeline_->context_records();
  health.malformed_records = pipeline_->malformed_records();
  health.barrier_timeouts = pipeline_->barrier().timeouts();
  health.counter_keys = counters.keys;
  health.counter_capacity = counters.capacity;
}

MetricsSnapshot MetricsBuilder::Build() {
  MetricsSnapshot out;
  out.ledger = pipeline_->barrier().Look(kBarrierTimeout);
  out.probes = probes_->states();
  out.programs = probes_->costs();
  absl::StatusOr<KernelCounters> counters = counters_.Read();
  if (!counters.ok()) {
    spdlog::error("scrape: {}", std::string(counters.status().message()));
    counters = KernelCounters{};
  }
  const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
  out.containers = inventory->containers();
  AddHealth(*counters, &out);
  absl::MutexLock lock(&mutex_);
  for (const Counter& c : counters->counters) AddCounter(c, *inventory, &out);
  for (const TcpCounter& c : counters->tcp) AddTcp(c, *inventory, &out);
  for (const KernelLoss& loss : counters->losses) {
    out.losses.push_back({OwnerOf(loss.key, NamespaceKind::kPid, *inventory), loss.kind,
                          loss.cause, loss.value});
  }
  ForgetDead(*counters);
  return out;
}

}  // namespace nsobs
