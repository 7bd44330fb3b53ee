#include "userspace/correlation/correlator.h"

#include <utility>

#include "userspace/base/mutex.h"
#include "userspace/correlation/correlator_state.h"

namespace nsobs {

// Only inventory() comes from other threads; the lock is otherwise never waited for.
class Correlator::State {
 public:
  State(CorrelatorOptions options, const Clock* clock)
      : clock_(*clock),
        proc_root_(options.proc_root),
        list_tasks_(options.list_tasks),
        state_(std::move(options), clock) {}

  absl::Status Scan(bool initial) {
    const int64_t started_boot_ns = clock_.BootNs();
    auto scan = ScanAll();  // the slow part, without the lock
    if (!scan.ok()) return scan.status();
    MutexLock lock(&mutex_);
    state_.TakeScan(*std::move(scan), started_boot_ns, initial);
    return absl::OkStatus();
  }

  template <typename Work>
  auto With(Work work) {
    MutexLock lock(&mutex_);
    return work(state_);
  }

 private:
  absl::StatusOr<HostScan> ScanAll() const {
    if (list_tasks_) {
      if (const auto tasks = list_tasks_(); tasks.ok()) return ScanOf(*tasks, proc_root_);
    }
    return ScanProcesses(proc_root_);
  }

  const Clock& clock_;
  const std::string proc_root_;
  const std::function<absl::StatusOr<std::vector<HostTask>>()> list_tasks_;
  Mutex mutex_;
  CorrelatorState state_ ABSL_GUARDED_BY(mutex_);
};

Correlator::Correlator(CorrelatorOptions options, const Clock* clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {}
Correlator::~Correlator() = default;

absl::Status Correlator::ScanHost() { return state_->Scan(/*initial=*/true); }

void Correlator::Reconcile() {
  // A pass that fails changes nothing; the next one will tell.
  state_->Scan(/*initial=*/false).IgnoreError();
}

void Correlator::Learn(const Event& event) {
  state_->With([&](CorrelatorState& state) { state.Learn(event); });
}

ObservedEvent Correlator::Observe(Event event) {
  return state_->With([&](CorrelatorState& state) { return state.Observe(std::move(event)); });
}

ObservedEvent Correlator::ObserveAgain(Event event) {
  return state_->With([&](CorrelatorState& state) { return state.ObserveAgain(std::move(event)); });
}

void Correlator::LookAgain() {
  state_->With([](CorrelatorState& state) { state.LookAgain(); });
}

std::vector<ObservedEvent> Correlator::TakeMade(absl::Duration patience) {
  return state_->With(
      [&](CorrelatorState& state) { return state.TakeMade(absl::ToInt64Nanoseconds(patience)); });
}

bool Correlator::HasMade() const {
  return state_->With([](const CorrelatorState& state) { return state.HasMade(); });
}

std::vector<NamespaceRecord> Correlator::TakeNamespaceChanges() {
  return state_->With([](CorrelatorState& state) { return state.TakeNamespaceChanges(); });
}

std::vector<ContainerRef> Correlator::TakeContainerChanges() {
  return state_->With([](CorrelatorState& state) { return state.TakeContainerChanges(); });
}

HostFacts Correlator::TakeHostFacts() {
  return state_->With([](CorrelatorState& state) { return state.TakeHostFacts(); });
}

void Correlator::Enrich(Enrichment enrichment) {
  state_->With([&](CorrelatorState& state) { state.Enrich(std::move(enrichment)); });
}

bool Correlator::IsHosts(const CgroupKey& cgroup, NamespaceKind kind,
                         const NamespaceIdentity& ns) const {
  return state_->With([&](CorrelatorState& state) { return state.IsHosts(cgroup, kind, ns); });
}

ContainerRef Correlator::OwnerOfCounter(const Inventory& inventory, const CgroupKey& cgroup,
                                        NamespaceKind kind, const NamespaceIdentity& ns) const {
  ContainerRef found = inventory.OwnerOf(cgroup, kind, ns);
  if (found == nullptr || Inventory::HasId(ns) || inventory.IsContainers(cgroup)) return found;
  const bool is_known =
      state_->With([&](CorrelatorState& state) { return state.KnowsCgroup(cgroup); });
  return is_known ? found : nullptr;
}

bool Correlator::IsHostsNamespace(NamespaceKind kind, const NamespaceIdentity& ns) const {
  return state_->With([&](CorrelatorState& state) { return state.IsHostsNamespace(kind, ns); });
}

std::shared_ptr<const Inventory> Correlator::inventory() const {
  return state_->With([](CorrelatorState& state) { return state.inventory(); });
}

}  // namespace nsobs
