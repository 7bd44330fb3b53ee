#include "userspace/correlation/correlator.h"

#include <utility>

namespace nsobs {

class Correlator::State {
 public:
  State(CorrelatorOptions options, const Clock* clock)
      : options(std::move(options)), clock(clock) {}
  const CorrelatorOptions options;
  const Clock* const clock;
};

Correlator::Correlator(CorrelatorOptions options, const Clock* clock)
    : state_(std::make_unique<State>(std::move(options), clock)) {}
Correlator::~Correlator() = default;

absl::Status Correlator::ScanHost() { return absl::OkStatus(); }
void Correlator::Learn(const Event&) {}
ObservedEvent Correlator::Observe(Event event) {
  ObservedEvent observed;
  observed.wall_ns = observed.last_wall_ns = state_->clock->WallOfBootNs(event.boot_ns);
  observed.event = std::move(event);
  return observed;
}
std::vector<ObservedEvent> Correlator::TakeMade() { return {}; }
std::vector<NamespaceRecord> Correlator::TakeNamespaceChanges() { return {}; }
std::vector<ContainerRef> Correlator::TakeContainerChanges() { return {}; }
void Correlator::Reconcile() {}
std::shared_ptr<const Inventory> Correlator::inventory() const {
  return std::make_shared<Inventory>();
}

}  // namespace nsobs
