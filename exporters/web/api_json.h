// How rows of the timeline stand in the API's answers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

using Json = nlohmann::ordered_json;

// One line; broken UTF-8 is replaced.
std::string Dump(const Json& json);

// {"ref", "name", "id", "runtime", "image", "pod", ..., "first_seen", "last_seen", "died"}.
Json ContainerJson(const StoredContainer& stored);
Json NamespaceJson(const StoredNamespace& stored);

// Events without what only a detail needs, by columns: one array a field, so that 100,000 of them
// are few bytes and parse at once. Times are microseconds since 1970.
class MarkColumns {
 public:
  void Add(const StoredEvent& event);
  size_t size() const { return size_; }
  // {"kinds": [names by number], "ns_kinds": [..], "id": [..], "t": [..], ...}
  std::string Finish(int64_t next);

 private:
  size_t size_ = 0;
  std::string id_, t_, duration_, kind_, count_, container_, entered_, ns_kind_, ns_;
};

}  // namespace nsobs
