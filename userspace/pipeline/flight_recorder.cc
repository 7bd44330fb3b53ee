#include "userspace/pipeline/flight_recorder.h"

#include <algorithm>

namespace nsobs {
namespace {

// By id: a container's object is made anew whenever something about it changes.
bool Same(const ContainerRef& a, const ContainerRef& b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->id == b->id && a->runtime == b->runtime;
}

bool Concerns(const ObservedEvent& event, const ContainerRef& container) {
  if (Same(event.container, container)) return true;
  if (event.peer != nullptr && Same(event.peer, container)) return true;
  return event.entered && event.entered_from != nullptr && Same(event.entered_from, container);
}

}  // namespace

void FlightRecorder::Add(const ObservedEvent& event) {
  if (events_.size() >= capacity_) events_.pop_front();
  events_.push_back(event);
}

std::vector<ObservedEvent> FlightRecorder::Before(const Anomaly& anomaly, absl::Duration window,
                                                  size_t limit) const {
  const int64_t since = anomaly.boot_ns - absl::ToInt64Nanoseconds(window);
  std::vector<ObservedEvent> out;
  for (auto it = events_.rbegin(); it != events_.rend() && out.size() < limit; ++it) {
    if (it->event.boot_ns < since || it->event.boot_ns > anomaly.boot_ns) continue;
    const bool told = std::any_of(anomaly.events.begin(), anomaly.events.end(),
                                  [&](const ObservedEvent& e) { return e.serial == it->serial; });
    if (!told && Concerns(*it, anomaly.container)) out.push_back(*it);
  }
  std::reverse(out.begin(), out.end());
  return out;
}

}  // namespace nsobs
