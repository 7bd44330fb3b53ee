// Our programs in the kernel: opened, configured, loaded, attached. They are gone when this object
// is.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/base/fd_bundle.h"
#include "userspace/collector/beat_count.h"
#include "userspace/collector/counter_reader.h"
#include "userspace/event/host_task.h"
#include "userspace/event/metrics_snapshot.h"

namespace nsobs {

struct ProbeOptions {
  uint64_t critical_ring_bytes = 2 << 20;  // powers of two, at least a page
  uint64_t bulk_ring_bytes = 4 << 20;
  bool syscall_hooks = true;
  bool io_uring_hook = true;
  bool files = false;             // file failures
  bool files_where_free = false;  // with `files`: by hooks that cost no other call, not of writes
  bool files_watched = false;     // only in the cgroups of WatchCgroups()
  bool dns = true;                // DNS queries to port 53 that fail
};

// What may change while the programs run.
struct ProbeSettings {
  uint64_t told_signals = 0;  // bit (signal - 1)
  uint64_t told_ignored_signals = 0;
  uint64_t bulk_rate_per_second = 250'000;  // of one container
  uint64_t bulk_burst = 1'000'000;
  int64_t abandoned_told_after_ns = 250'000'000;
  // Equal events in a row are counted in the kernel while they pause less than this; 0: none is.
  int64_t run_window_ns = 0;
  int64_t dns_timeout_ns = 4'000'000'000;  // a DNS query without an answer by then is told
};

class ProbeSet {
 public:
  // PERMISSION_DENIED without the capabilities, FAILED_PRECONDITION on a kernel without BTF.
  // A program that can't be had is not an error: see states().
  static absl::StatusOr<std::unique_ptr<ProbeSet>> Load(const ProbeOptions& options,
                                                        const ProbeSettings& settings);
  // Takes over what a predecessor's Bundle() holds, as it is, in place of loading: programs run on,
  // counters and rings have what they had. FAILED_PRECONDITION: it was made by another build or
  // with other options.
  static absl::StatusOr<std::unique_ptr<ProbeSet>> Adopt(const ProbeOptions& options,
                                                         const ProbeSettings& settings,
                                                         FdBundle bundle);
  ~ProbeSet();
  ProbeSet(const ProbeSet&) = delete;
  ProbeSet& operator=(const ProbeSet&) = delete;

  // Before it, no event is made. A program that fails to attach is off.
  void Attach();

  // After Attach(): descriptors of all maps, programs and links.
  absl::StatusOr<FdBundle> Bundle() const;
  // This object's end detaches nothing that somebody else holds by its bundle.
  void Leave();
  // Of the loading: the same for all that adopted it, and for nobody else.
  const std::string& id() const;

  // Do the programs read of this process what /proc/self says? INTERNAL with the first difference.
  absl::Status SelfTest() const;

  // Every process of the host, by the kernel's own iterator: about a microsecond each. After
  // Attach(). UNAVAILABLE where the program is off, FAILED_PRECONDITION in a pid namespace that
  // isn't the host's, whose processes alone would be listed. Thread-safe.
  absl::StatusOr<std::vector<HostTask>> ListTasks() const;

  const std::vector<ProbeState>& states() const;  // one for each row of ProgramTable()
  std::vector<ProgramCost> costs() const;
  uint64_t RunTimeNs() const;  // of all of them together, as costs()

  void Apply(const ProbeSettings& settings);  // thread-safe
  // However much the settings allow, a container may send no more bulk events a second than this,
  // and no more at once than in a second; UINT64_MAX: only the settings count. Thread-safe.
  void set_bulk_most(uint64_t per_second);
  // Whose grandchildren's setns() are not observed; 0: nobody's. Thread-safe.
  void set_own_zygote(int pid);

  // Whose file failures are told when files_watched: of these cgroups and those up to seven levels
  // below, no others. At most 1,024, else RESOURCE_EXHAUSTED and none more is watched. One thread.
  absl::Status WatchCgroups(const std::vector<CgroupKey>& cgroups);

  // What the calling thread does is no event from now on, and in no counter but Beats(). One thread
  // at a time.
  absl::Status BeatOnThisThread();
  // By row of ProgramTable(): how often the program ran for that thread, and where the last time;
  // nullopt: it is not attached, or nothing harmless makes it run. After Attach(); thread-safe.
  std::vector<std::optional<BeatCount>> Beats() const;

  // Tells the DNS queries that have no answer. Wanted a few times a second; while no query is under
  // way it is one load. Of one thread at a time. False if there was none.
  bool SweepDns();

  // From now on events are counted under the other epoch; returns the one that is closed.
  uint8_t FlipEpoch();

  CounterReader counters() const;
  KernelRuns& runs() const;
  int critical_ring_fd() const;
  int bulk_ring_fd() const;

  // Of a row of ProgramTable() that watches a return: how often no program saw a call return whose
  // beginning was seen. Known by the time of the thread's next call of that kind; as the thread
  // ends only of connects and of what is hooked by kretprobes. After Attach(); thread-safe.
  uint64_t MissedReturns(size_t row) const;

 private:
  class Impl;
  explicit ProbeSet(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace nsobs
