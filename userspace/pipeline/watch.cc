#include "userspace/pipeline/watch.h"

#include <algorithm>
#include <utility>

#include "userspace/anomaly/rules.h"
#include "userspace/base/file.h"
#include "userspace/snapshot/cgroup/cgroup_facts_reader.h"

namespace nsobs {
namespace {

constexpr size_t kMaxBaselines = 256;                 // that wait
constexpr int64_t kBaselinePeriodNs = 5'000'000'000;  // between two of them
constexpr size_t kMaxMountinfo = 16 << 20;
constexpr size_t kMaxCgroups = 1000;  // that are read in one go
// For each of them, so that many containers make the looks rarer and not dearer (0.2 ms each): with
// 200 one in 15 s, which is often enough for rules that look at 30 s, with 1,000 one in 20 s.
constexpr int64_t kPauseForCgroupNs = 75'000'000;
constexpr int64_t kPauseForManyNs = 20'000'000;
constexpr int64_t kPauseForFewNs = 15'000'000'000;

}  // namespace

Watch::Watch(const WatchOptions& options, Snapshotter* snapshotter, const Correlator* correlator,
             const Clock* clock, std::function<bool(SnapshotRow)> store)
    : options_(options),
      correlator_(correlator),
      clock_(clock),
      snapshotter_(snapshotter),
      pins_(PinOptions{}),
      book_(options.finding_active_for),
      rules_(options.anomaly, MakeRules(options.anomaly), clock,
             [this](Anomaly anomaly) { OnAnomaly(std::move(anomaly)); }),
      investigator_(snapshotter, correlator, clock, &book_,
                    {.store = std::move(store), .idle = [this] { Idle(); }}) {}

Watch::~Watch() { Stop(); }

void Watch::Start() {
  const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
  for (const NamespaceRecord& record : inventory->namespaces()) {
    if (record.is_host && record.kind == NamespaceKind::kNet) pins_.SetHost(record.identity.inode);
  }
  investigator_.Start();
}

void Watch::Stop() { investigator_.Stop(); }

void Watch::OnEvent(const ObservedEvent& event, uint64_t run_id) {
  if (event.event.kind == EventKind::kContainerStart) OnStart(event);
  if (const auto* change = std::get_if<NamespaceChange>(&event.event.detail)) {
    const bool makes = change->operation != NamespaceChange::Operation::kSetns;
    if (makes && change->Changed(NamespaceKind::kNet)) {
      pins_.OnBirth(event.event.process, change->child_pid, change->to[NamespaceKind::kNet].inode,
                    clock_->BootNs());
    }
  }
  recorder_.Add(event);
  entries_.Add(event);
  rules_.OnEvent(event, run_id);
}

void Watch::OnRunExtension(uint64_t run_id, uint64_t added, int64_t last_boot_ns) {
  rules_.OnRunExtension(run_id, added, last_boot_ns);
}

void Watch::OnRunEnd(uint64_t run_id) { rules_.OnRunEnd(run_id); }

void Watch::OnHostFacts(const HostFacts& facts) { rules_.OnHostFacts(facts); }

void Watch::OnSilentProbes(const std::vector<SilentProbe>& probes) {
  rules_.OnSilentProbes(probes);
}

void Watch::OnStart(const ObservedEvent& event) {
  const int64_t now = clock_->BootNs();
  pins_.OnStart(event.container, event.event.process, now);
  if (options_.baseline_after == absl::ZeroDuration() || event.container == nullptr) return;
  if (baselines_.size() >= kMaxBaselines) return;
  baselines_.push_back({now + absl::ToInt64Nanoseconds(options_.baseline_after), event.container,
                        event.event.process});
}

void Watch::OnAnomaly(Anomaly anomaly) {
  Investigation work;
  work.before = recorder_.Before(anomaly);
  if (anomaly.container != nullptr) work.entries = entries_.Since(*anomaly.container, 0);
  work.net = pins_.Hold(anomaly, clock_->BootNs());
  work.anomaly = std::move(anomaly);
  investigator_.Ask(std::move(work));
}

// How a container looked when it was healthy: what later snapshots are compared with. One after the
// other, since a host that starts hundreds of containers has better things to do.
void Watch::TakeBaselines(int64_t now_boot_ns) {
  if (baselines_.empty() || now_boot_ns - last_baseline_ns_ < kBaselinePeriodNs) return;
  if (baselines_.front().boot_ns > now_boot_ns) return;
  Due due = std::move(baselines_.front());
  baselines_.pop_front();
  const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
  for (const ContainerRef& container : inventory->containers()) {
    if (container->id != due.container->id || container->died_boot_ns != 0) continue;
    last_baseline_ns_ = now_boot_ns;
    Investigation work;
    work.anomaly.rule = std::string(kBaselineRule);
    work.anomaly.severity = Severity::kInfo;
    work.anomaly.boot_ns = now_boot_ns;
    work.anomaly.wall_ns = clock_->WallNs();
    work.anomaly.container = container;
    work.anomaly.subject = due.init;
    work.anomaly.summary = "as it was when it became ready";
    investigator_.Ask(std::move(work));
    return;
  }
}

void Watch::OnTick() {
  const int64_t now = clock_->BootNs();
  rules_.OnTick();
  TakeBaselines(now);
  investigator_.Drop(pins_.TakeExpired(now));
  std::optional<std::vector<CgroupFacts>> facts;
  {
    MutexLock lock(&mutex_);
    facts.swap(cgroup_facts_);
  }
  if (facts) rules_.OnCgroupFacts(*facts);
}

// A handful of small files a container: not for the pipeline's thread.
void Watch::Idle() {
  if (snapshotter_ != nullptr) snapshotter_->Mend().IgnoreError();  // it says so itself
  const int64_t now = clock_->BootNs();
  if (now < next_cgroups_ns_) return;
  next_cgroups_ns_ = now + absl::ToInt64Nanoseconds(options_.cgroup_period);
  const auto mountinfo = ReadSmallFile("/proc/self/mountinfo", kMaxMountinfo);
  if (!mountinfo.ok()) return;
  const CgroupMountPoints mounts = FindCgroupMountPoints(*mountinfo);
  std::vector<CgroupFacts> facts;
  const std::shared_ptr<const Inventory> inventory = correlator_->inventory();
  for (const ContainerRef& container : inventory->containers()) {
    if (facts.size() >= kMaxCgroups) break;
    if (container->died_boot_ns != 0 || container->cgroup_path.empty()) continue;
    const std::string& path = container->cgroup_path;
    auto one =
        ReadCgroupFacts(mounts, {{"", path}, {"memory", path}, {"cpu", path}, {"pids", path}});
    if (!one.ok()) continue;
    one->container = container;
    facts.push_back(*std::move(one));
  }
  const auto count = static_cast<int64_t>(facts.size());
  const int64_t pause_ns =
      std::max(std::min(count * kPauseForCgroupNs, kPauseForFewNs), count * kPauseForManyNs);
  next_cgroups_ns_ = std::max(next_cgroups_ns_, now + pause_ns);
  MutexLock lock(&mutex_);
  cgroup_facts_ = std::move(facts);
}

InvestigationCounts Watch::Counts() {
  InvestigationCounts counts = book_.Counts(clock_->BootNs());
  if (snapshotter_ != nullptr) counts.helper_restarts = snapshotter_->helper_restarts();
  return counts;
}

std::vector<AnomalyCount> Watch::anomaly_counts() const {
  std::vector<AnomalyCount> out;
  for (const RuleCounts& rule : rules_.counts()) {
    out.push_back({rule.rule, rule.fired, rule.suppressed});
  }
  return out;
}

}  // namespace nsobs
