// What nsobserver says is wrong: the product's last word, with evidence and a fix.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/event/container.h"

namespace nsobs {

enum class Confidence : uint8_t { kCertain, kLikely, kUnknown };
std::string_view Name(Confidence confidence);  // "certain", "likely", "unknown"

// `source` is a JSON pointer (RFC 6901) into the snapshot record that the finding was drawn from,
// e.g. "/host_net/listeners/3" or "/trigger/events/0"; `value` is what stands there, or the part of
// it that matters.
struct Evidence {
  std::string claim;
  std::string source;
  nlohmann::ordered_json value;
};

struct Finding {
  std::string case_id;  // "net-loopback": the ids of tests/README.md's table of cases
  std::string summary;  // one sentence with names and numbers
  Confidence confidence = Confidence::kUnknown;
  std::vector<Evidence> evidence;
  std::string fix;    // the durable one
  std::string check;  // a command that shows whether it is so
  // Serials of the events that it rests on (ObservedEvent::serial); the timeline turns them into
  // ids.
  std::vector<uint64_t> event_serials;
};

// The contract's object without `id`, `events` and `snapshot`, which the timeline gives.
// `container` is the shape of an event's.
nlohmann::ordered_json ToJson(const Finding& finding, int64_t wall_ns,
                              const nlohmann::ordered_json& container);

}  // namespace nsobs
