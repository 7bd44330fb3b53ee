// The JSON of an event: a contract that other tools rely on. Fields are added, never renamed.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "userspace/event/observed_event.h"

namespace nsobs {

// Everything but `id`, which the timeline gives. All strings come out as valid UTF-8.
nlohmann::ordered_json ToJson(const ObservedEvent& event);

// The text of the same without "time", "boot_ns", "kind", "count" and "last_time", which change or
// are filtered by: what is written for each event.
std::string EventBody(const ObservedEvent& event);

nlohmann::ordered_json ToJson(const Process& process);
nlohmann::ordered_json ToJson(const NamespaceSet& namespaces);

// {"labels": "podman"}: which fields an engine's answer filled, and whose.
nlohmann::ordered_json EnrichedJson(const Container& container);

// null for nullptr. "enriched" stands there only if an engine added anything.
nlohmann::ordered_json ToJson(const ContainerRef& container);

}  // namespace nsobs
