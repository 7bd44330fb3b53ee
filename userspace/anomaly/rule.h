// One rule: it watches the stream of named events and what is found on the host, and says when
// something is worth a look.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "userspace/event/anomaly.h"
#include "userspace/event/host_facts.h"

namespace nsobs {

// One thread: the pipeline's. Never blocks, reads no file, holds a bounded amount of memory
// whatever containers do.
class Rule {
 public:
  virtual ~Rule() = default;

  virtual std::string_view name() const = 0;

  // Every event that goes to the timeline, and besides the process_exit of a crash, and of whose
  // end some rule awaits; in rough order of time.
  virtual void OnEvent(const ObservedEvent& event, const AnomalySink& sink) = 0;
  virtual bool AwaitsEnd(const ProcessKey&) const { return false; }
  // Every end of a process, however it came, also of the host's.
  virtual void OnProcessEnd(const ProcessKey&) {}
  // About every 30 s.
  virtual void OnHostFacts(const HostFacts&, int64_t /*now_boot_ns*/, const AnomalySink&) {}
  // About every 10 s: all living containers.
  virtual void OnCgroupFacts(const std::vector<CgroupFacts>&, int64_t /*now_boot_ns*/,
                             const AnomalySink&) {}
  // After each heartbeat: the programs that missed at least two in a row; mostly none.
  virtual void OnSilentProbes(const std::vector<SilentProbe>&, int64_t /*now_boot_ns*/,
                              const AnomalySink&) {}
  // A few times a second: what was waited for and did not come.
  virtual void OnTick(int64_t /*now_boot_ns*/, const AnomalySink&) {}
};

}  // namespace nsobs
