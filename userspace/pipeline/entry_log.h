// Who came into which container lately: longer than the flight recorder remembers, for what was
// changed in there may be missed only much later.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "userspace/event/observed_event.h"

namespace nsobs {

// One thread: the pipeline's. Remembers the last four who were no engine, and the last two execs by
// the engine, of each of the 256 containers that were entered last.
class EntryLog {
 public:
  // Every event; those that are no entry are passed over.
  void Add(const ObservedEvent& event);

  // [{"time", "boot_ns", "by", "kinds": ["net"...], "process", "entered_from"}], oldest first: the
  // entries into this container at or after `since_boot_ns`. One process that joins several kinds,
  // one by one, is one entry.
  nlohmann::ordered_json Since(const Container& container, int64_t since_boot_ns) const;

 private:
  struct CameIn {
    ObservedEvent event;
    uint8_t kinds = 0;  // bit per NamespaceKind
  };
  struct Of {
    std::string runtime, id;
    std::vector<CameIn> others;   // oldest first
    std::vector<CameIn> engines;  // likewise
  };
  std::vector<Of> containers_;  // entered last: at the end
};

}  // namespace nsobs
