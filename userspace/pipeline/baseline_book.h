// How containers looked when they became ready, so that what is looked at in trouble can be
// compared with it: section `changes` of the record (userspace/event/SNAPSHOT.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "userspace/event/container.h"

namespace nsobs {

struct BaselineLimits {
  size_t containers = 256;     // the eldest makes room
  size_t bytes = 16 << 20;     // of all together, as CBOR
  size_t one_bytes = 1 << 20;  // a larger one is not kept
};

// One thread: the investigator's.
class BaselineBook {
 public:
  using Json = nlohmann::ordered_json;

  explicit BaselineBook(const BaselineLimits& limits = {}) : limits_(limits) {}

  // Returns where the number of its row is to be put once it is stored; until then it is 0, and
  // the comparison says null.
  std::shared_ptr<std::atomic<int64_t>> Keep(const Container& container, int64_t wall_ns,
                                             int64_t boot_ns, const Json& record);

  // What of the record is otherwise than in the baseline of this very run of the container:
  // {"baseline": {"snapshot", "time", "boot_ns"}, "rows": [...]}. Null if there is none, or the
  // record has nothing to be compared. Only namespaces that are the same are compared: a process
  // in one of its own says nothing of the container's. `cut` is set if rows were left out.
  Json Compare(const Container& container, const Json& record, bool* cut) const;

  size_t size() const { return kept_.size(); }
  size_t bytes() const { return bytes_; }

 private:
  struct Kept {
    std::string runtime, id;
    ProcessKey init;
    int64_t wall_ns = 0;
    int64_t boot_ns = 0;
    std::vector<uint8_t> cbor;
    std::shared_ptr<std::atomic<int64_t>> row;
  };
  void Drop(std::deque<Kept>::iterator it);

  const BaselineLimits limits_;
  std::deque<Kept> kept_;  // oldest first
  size_t bytes_ = 0;
};

}  // namespace nsobs
