// An event with the names that correlation found: what the timeline keeps and people read.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/event/container.h"
#include "userspace/event/event.h"

namespace nsobs {

struct Ancestor {
  uint32_t pid = 0;
  std::string comm;                     // raw bytes
  std::optional<std::string> exe_args;  // as of its exec; raw bytes
  std::optional<uint32_t> login_uid;
};

// A process came into a container's namespaces by setns().
struct Entry {
  enum class By : uint8_t {
    kEngine,    // the container's own runtime or engine
    kStranger,  // anybody else
    kUnknown,
  };
  By by = By::kUnknown;
  std::vector<Ancestor> lineage;  // the process itself, its parent and so on; at most 8
  bool before_start = false;      // before the container's first program ran: plumbing
};
std::string_view Name(Entry::By by);  // "engine", "stranger", "unknown"

struct ObservedEvent {
  Event event;
  // Given by the pipeline, rising, within one run of the observer: names the event before the
  // timeline gave it an id. 0: none.
  uint64_t serial = 0;
  int64_t wall_ns = 0;  // of the first
  uint64_t count = 1;   // a run of equal events is one row
  int64_t last_wall_ns = 0;

  ContainerRef container;  // by namespaces and cgroup; nullptr: the host
  // Who the process really is when it came in from outside. Set with `entered`; nullptr then means
  // that it came from the host.
  bool entered = false;
  ContainerRef entered_from;

  // The process has run no program since it came into its mount namespace: a runtime that sets a
  // container up, or that goes into it. Given for failures of binds and of files.
  bool plumbing = false;

  // Whose it is may be known in a moment: a runtime has begun something and not written down yet
  // what. See Correlator::ObserveAgain().
  bool awaits_name = false;

  ContainerRef
      peer;  // signal: the sender's; namespace_change: owner of the new namespaces (target)
  std::optional<Entry> entry;  // of a setns() whose target is a container
};

// Where observed events go. Implementations say how they thread and what they do when full.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void OnEvent(const ObservedEvent& event) = 0;
};

}  // namespace nsobs
