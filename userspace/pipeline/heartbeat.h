// Is each program in the kernel still at work, on each CPU? A thread that goes from CPU to CPU and
// does harmless deeds there, each of which one of the programs must see and count; the deeds of
// this thread are no events and in no other counter.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "userspace/base/clock.h"
#include "userspace/base/cpu_mask.h"
#include "userspace/base/mutex.h"
#include "userspace/collector/probe_set.h"
#include "userspace/event/host_facts.h"
#include "userspace/pipeline/beat_book.h"

namespace nsobs {

class Heartbeat {
 public:
  // Brings the calling thread to a CPU; false: that can't be had. Another one only in tests.
  using Pin = std::function<bool(uint32_t cpu)>;
  static bool PinToCpu(uint32_t cpu) { return CpuMask::One(cpu).Apply(0); }

  // `probes` and `clock` outlive it. `period` between two rounds of deeds; zero: none is done.
  Heartbeat(ProbeSet* probes, const Clock* clock, absl::Duration period, Pin pin = PinToCpu);
  ~Heartbeat();

  void Start();
  void Stop();  // waits for the deeds that are under way, on one CPU

  // Those that are silent on some CPU, by the last round. Thread-safe.
  std::vector<SilentProbe> Silent() const;
  uint64_t rounds() const { return rounds_; }  // that are over
  // By row of ProgramTable(). Thread-safe.
  struct State {
    uint32_t cpus_tried = 0;  // 0: off, or a seccomp filter (of our unit) bars the deed
    uint32_t silent_cpus = 0;
  };
  std::vector<State> states() const;

  // A CPU that others leave us no time on, such as a real-time process that never sleeps, must hold
  // up neither the round nor Stop(): takes the thread off one where it has been for `limit`, which
  // then counts as not tried. Wanted every second or so. Thread-safe.
  void LeaveBusyCpu(absl::Duration limit = absl::Milliseconds(250));

  // One round, on the caller's thread: for tests. On each CPU that the process may run on, which
  // leaves out those that an administrator has isolated.
  void Beat();

 private:
  struct Visit {
    pid_t tid = 0;
    CpuMask home;
    int64_t since_boot_ns = 0;  // 0: it is on no CPU by our will
    bool ended = false;         // by LeaveBusyCpu()
  };
  void Loop();
  bool BeatOn(uint32_t cpu, const CpuMask& home);
  bool Enter(const CpuMask& home);
  bool Leave();

  ProbeSet* const probes_;
  const Clock* const clock_;
  const absl::Duration period_;
  const Pin pin_;
  std::atomic<uint64_t> rounds_{0};
  mutable Mutex mutex_;
  BeatBook book_ ABSL_GUARDED_BY(mutex_);
  Visit visit_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;  // the thread will do no more deeds
  std::thread thread_;
};

}  // namespace nsobs
