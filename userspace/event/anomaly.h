// Something that a rule found worth a look: the trigger of a snapshot and of a diagnosis.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/event/observed_event.h"

namespace nsobs {

enum class Severity : uint8_t { kInfo, kWarning, kCritical };
std::string_view Name(Severity severity);  // "info", "warning", "critical"

struct Anomaly {
  std::string rule;  // "connect_failure": as in the list of anomaly/rules.h
  Severity severity = Severity::kWarning;
  int64_t boot_ns = 0;
  int64_t wall_ns = 0;
  ContainerRef container;  // whom it concerns; nullptr: the host
  // The process whose namespaces explain it; pid 0: none is known. It may have ended already.
  Process subject;
  std::string summary;                // one line for people, raw bytes of containers included
  std::vector<ObservedEvent> events;  // what made the rule fire, oldest first; at most 16
  // The rule's own figures, e.g. {"wasted_ns": 10000000000, "zombies": 12}; valid UTF-8.
  nlohmann::ordered_json facts = nlohmann::ordered_json::object();
  // Anomalies with the same key are one and the same trouble: looked into once a while.
  std::string key;
  uint64_t suppressed = 0;  // equal ones since the last that was let through
};

using AnomalySink = std::function<void(Anomaly)>;

}  // namespace nsobs
