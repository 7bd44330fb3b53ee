#include "userspace/pipeline/loss_reporter.h"

#include <utility>

#include "userspace/pipeline/mark_facts.h"

namespace nsobs {

LossReporter::LossReporter(const Clock* clock) : clock_(clock), last_wall_ns_(clock->WallNs()) {}

bool LossReporter::ReportOne(const OwnerLoss& loss, int64_t from_ns,
                             const FindCounterOwner& find_owner, std::vector<ObservedEvent>* out) {
  uint64_t& seen = seen_[{loss.key, loss.kind, loss.cause}];
  if (loss.value <= seen) return false;
  ObservedEvent event;
  event.event.kind = EventKind::kLoss;
  event.event.boot_ns = clock_->BootNs();
  event.event.detail = Loss{loss.kind, loss.cause, loss.value - seen, from_ns, last_wall_ns_};
  event.wall_ns = event.last_wall_ns = last_wall_ns_;
  if (loss.key != CounterKey{}) event.container = find_owner(loss.key, NamespaceOf(loss.kind));
  out->push_back(std::move(event));
  seen = loss.value;
  return true;
}

void LossReporter::Restore(const std::vector<OwnerLoss>& told) {
  for (const OwnerLoss& loss : told) seen_[{loss.key, loss.kind, loss.cause}] = loss.value;
}

std::vector<ObservedEvent> LossReporter::Report(const std::vector<OwnerLoss>& kernel,
                                                const Ledger& ledger,
                                                const FindCounterOwner& find_owner,
                                                std::vector<TimelineFact>* facts) {
  std::vector<ObservedEvent> out;
  const int64_t from_ns = std::exchange(last_wall_ns_, clock_->WallNs());
  for (const OwnerLoss& loss : kernel) {
    if (ReportOne(loss, from_ns, find_owner, &out)) facts->push_back(LossFact(loss));
  }
  for (const OwnerLoss& loss : ledger.Losses()) ReportOne(loss, from_ns, find_owner, &out);
  return out;
}

}  // namespace nsobs
