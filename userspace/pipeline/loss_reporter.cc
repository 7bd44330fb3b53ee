#include "userspace/pipeline/loss_reporter.h"

#include <utility>

namespace nsobs {
namespace {

NamespaceKind NamespaceOfKind(EventKind kind) {
  switch (kind) {
    case EventKind::kConnectFailure:
      return NamespaceKind::kNet;
    case EventKind::kNamespaceChange:
      return NamespaceKind::kMnt;
    case EventKind::kSignal:
    case EventKind::kOomKill:
    case EventKind::kCgroupChange:
    case EventKind::kProcessExec:
    case EventKind::kProcessExit:
    case EventKind::kContainerStart:
    case EventKind::kContainerExit:
    case EventKind::kLoss:
    case EventKind::kGap:
      return NamespaceKind::kPid;
  }
  return NamespaceKind::kPid;
}

}  // namespace

LossReporter::LossReporter(const Clock* clock) : clock_(clock), last_wall_ns_(clock->WallNs()) {}

ObservedEvent LossReporter::Make(EventKind of, const std::string& cause, uint64_t count,
                                 int64_t from_ns, int64_t to_ns) const {
  ObservedEvent out;
  out.event.kind = EventKind::kLoss;
  out.event.boot_ns = clock_->BootNs();
  out.event.detail = Loss{of, cause, count, from_ns, to_ns};
  out.wall_ns = out.last_wall_ns = to_ns;
  return out;
}

std::vector<ObservedEvent> LossReporter::Report(const std::vector<KernelLoss>& kernel,
                                                const Ledger& ledger, const Inventory& inventory) {
  std::vector<ObservedEvent> out;
  const int64_t from_ns = std::exchange(last_wall_ns_, clock_->WallNs());
  for (const KernelLoss& loss : kernel) {
    uint64_t& seen = kernel_seen_[{loss.key.cgroup.id, loss.key.cgroup.hierarchy,
                                   loss.key.ns.inode, loss.kind, loss.cause}];
    if (loss.value <= seen) continue;
    out.push_back(Make(loss.kind, loss.cause, loss.value - seen, from_ns, last_wall_ns_));
    out.back().container =
        inventory.OwnerOf(loss.key.cgroup, NamespaceOfKind(loss.kind), loss.key.ns);
    seen = loss.value;
  }
  for (size_t k = 1; k < kEventKindEnd; ++k) {
    const auto kind = static_cast<EventKind>(k);
    std::map<std::string, uint64_t> totals = ledger.Get(kind, 0).lost;
    for (const auto& [cause, count] : ledger.Get(kind, 1).lost) totals[cause] += count;
    for (const auto& [cause, count] : totals) {
      uint64_t& seen = user_seen_[{kind, cause}];
      if (count <= seen) continue;
      out.push_back(Make(kind, cause, count - seen, from_ns, last_wall_ns_));
      seen = count;
    }
  }
  return out;
}

}  // namespace nsobs
