#include "userspace/pipeline/metrics_builder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "userspace/base/log.h"
#include "userspace/pipeline/agent_health.h"

namespace nsobs {
namespace {

// A scrape waits this long for events that are under way.
constexpr absl::Duration kBarrierTimeout = absl::Milliseconds(500);
// A dead container's counters stay in the kernel this long: late outcomes still find them.
constexpr absl::Duration kKeepDead = absl::Seconds(60);

}  // namespace

MetricsBuilder::MetricsBuilder(BuildFacts facts, ProbeSet* probes, const Correlator* correlator,
                               Pipeline* pipeline, const Clock* clock)
    : facts_(std::move(facts)),
      probes_(probes),
      correlator_(correlator),
      pipeline_(pipeline),
      clock_(clock),
      counters_(probes->counters()),
      start_wall_ns_(clock->WallNs()),
      owners_(kKeepDead) {}

CounterWhose MetricsBuilder::Ask(const CounterKey& key, NamespaceKind kind, const Look& look) {
  const auto find = [&](const CounterKey& k, NamespaceKind of) {
    return correlator_->OwnerOfCounter(look.inventory, k.cgroup, of, k.ns);
  };
  const auto is_hosts = [&] { return correlator_->IsHostsNamespace(kind, key.ns); };
  return owners_.WhoseIs(key, kind, find, is_hosts, look.now_boot_ns);
}

std::optional<CounterOwner> MetricsBuilder::OwnerOf(const CounterKey& key, NamespaceKind kind,
                                                    Look* look) {
  const auto [it, is_new] = look->known.try_emplace({key, kind});
  if (is_new) it->second = Ask(key, kind, *look);
  const CounterWhose& whose = it->second;
  if (whose.state == CounterWhose::State::kNotYet) return std::nullopt;
  return CounterOwner{whose.container, whose.state == CounterWhose::State::kNobodys};
}

// A predecessor knew whose they were; that container was gone before we looked.
void MetricsBuilder::Inherit() {
  const absl::StatusOr<KernelCounters> counters = counters_.Read();
  if (!counters.ok()) return;  // the next Build() says so
  MutexLock lock(&mutex_);
  const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
  const auto look = [&](const CounterKey& key, NamespaceKind kind) {
    if (correlator_->OwnerOfCounter(*inventory, key.cgroup, kind, key.ns) != nullptr) return;
    if (!correlator_->IsHosts(key.cgroup, kind, key.ns)) owners_.SetNobodys(key, kind);
  };
  for (const Counter& c : counters->counters) {
    if (!c.overflow) look(c.key, NamespaceOf(c.family));
  }
  for (const TcpCounter& c : counters->tcp) {
    if (!c.overflow) look(c.key, NamespaceKind::kNet);
  }
  for (const OwnerLoss& loss : counters->losses) look(loss.key, NamespaceOf(loss.kind));
}

void MetricsBuilder::AddCounter(const Counter& c, Look* look, MetricsSnapshot* out) {
  std::optional<CounterOwner> whose = CounterOwner{nullptr, true};
  if (!c.overflow) whose = OwnerOf(c.key, NamespaceOf(c.family), look);
  if (!whose) return;
  CounterOwner owner = *std::move(whose);
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
    case CounterFamily::kPacketDrop:
      out->packet_drops.push_back({std::move(owner), static_cast<Protocol>(c.a),
                                   static_cast<PacketDrop::Hook>(b8), c.value});
      return;
    case CounterFamily::kBindFailure:
      out->bind_failures.push_back(
          {std::move(owner), static_cast<Protocol>(c.a), static_cast<int>(c.b), c.value});
      return;
    case CounterFamily::kFileFailure:
      out->file_failures.push_back({std::move(owner),
                                    static_cast<FileFailure::Operation>(static_cast<uint8_t>(c.a)),
                                    static_cast<int>(c.b), c.value});
      return;
    case CounterFamily::kDnsFailure:
      out->dns_failures.push_back({std::move(owner), static_cast<Protocol>(c.a),
                                   static_cast<DnsFailure::Outcome>(b8), c.value});
      return;
    case CounterFamily::kDnsAnswer:
      out->dns_answers.push_back({std::move(owner), static_cast<Protocol>(c.a), b8, c.value});
      return;
  }
}

void MetricsBuilder::AddTcp(const TcpCounter& c, Look* look, MetricsSnapshot* out) {
  std::optional<CounterOwner> whose = CounterOwner{nullptr, true};
  if (!c.overflow) whose = OwnerOf(c.key, NamespaceKind::kNet, look);
  if (!whose) return;
  CounterOwner owner = *std::move(whose);
  const uint64_t done = c.established + c.failed + c.abandoned;
  out->tcp_connects.push_back({std::move(owner), c.attempts, c.established, c.failed, c.abandoned,
                               c.attempts > done ? c.attempts - done : 0});
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
  const std::vector<Heartbeat::State> beats = pipeline_->heartbeat().states();
  for (size_t i = 0; i < std::min(out.probes.size(), beats.size()); ++i) {
    out.probes[i].cpus_tried = beats[i].cpus_tried;
    out.probes[i].silent_cpus = beats[i].silent_cpus;
  }
  out.programs = probes_->costs();
  out.anomalies = pipeline_->watch().anomaly_counts();
  out.investigations = pipeline_->watch().Counts();
  if (pipeline_->enricher() != nullptr) out.engines = pipeline_->enricher()->Counts();
  out.budget = pipeline_->budget().State();
  if (pipeline_->helpers() != nullptr) out.helper_restarts = pipeline_->helpers()->Counts();
  // From reading to forgetting in one piece: another scrape must not forget what this one has read.
  MutexLock lock(&mutex_);
  absl::StatusOr<KernelCounters> counters = counters_.Read();
  const bool is_whole = counters.ok();
  if (!is_whole) {
    spdlog::error("scrape: {}", std::string(counters.status().message()));
    counters = KernelCounters{};
  }
  for (OwnerLoss& loss : pipeline_->ledger().Losses()) counters->losses.push_back(std::move(loss));
  const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
  out.containers = inventory->containers();
  AddHealth(*counters, &out);
  Look look{*inventory, clock_->BootNs()};
  for (const Counter& c : counters->counters) AddCounter(c, &look, &out);
  for (const TcpCounter& c : counters->tcp) AddTcp(c, &look, &out);
  for (const OwnerLoss& loss : counters->losses) {
    std::optional<CounterOwner> owner = OwnerOf(loss.key, NamespaceOf(loss.kind), &look);
    if (owner) out.losses.push_back({*std::move(owner), loss.kind, loss.cause, loss.value});
  }
  if (is_whole) {
    const OwnerBook::Gone gone = owners_.TakeGone(*counters, look.now_boot_ns);
    counters_.Delete(gone.counters, gone.tcp);
  }
  return out;
}

}  // namespace nsobs
