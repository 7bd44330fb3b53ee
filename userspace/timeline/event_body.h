// How an event lies in the file: what SQL filters by in columns, the rest as JSON; and back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/event/observed_event.h"

namespace nsobs {

// The fields of the contract that stand in columns, because they are filtered by or change.
struct EventHead {
  int64_t id = 0;
  int64_t time_ns = 0;
  int64_t boot_ns = 0;
  int64_t kind = 0;
  int64_t count = 0;
  int64_t last_time_ns = 0;
};

// The contract's whole object; nullopt if the row is damaged.
std::optional<std::string> EventJson(const EventHead& head, std::string_view body);

// Counts and kernel ids are unsigned, SQLite's integers aren't.
inline int64_t Clamp(uint64_t value) {
  return value > INT64_MAX ? INT64_MAX : static_cast<int64_t>(value);
}

}  // namespace nsobs
