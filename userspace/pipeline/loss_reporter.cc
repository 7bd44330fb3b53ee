#include "userspace/pipeline/loss_reporter.h"

#include <utility>

namespace nsobs {

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
                                                const Ledger& ledger,
                                                const FindCounterOwner& find_owner) {
  std::vector<ObservedEvent> out;
  const int64_t from_ns = std::exchange(last_wall_ns_, clock_->WallNs());
  for (const KernelLoss& loss : kernel) {
    uint64_t& seen = kernel_seen_[{loss.key, loss.kind, loss.cause}];
    if (loss.value <= seen) continue;
    out.push_back(Make(loss.kind, loss.cause, loss.value - seen, from_ns, last_wall_ns_));
    out.back().container = find_owner(loss.key, NamespaceOf(loss.kind));
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
