// The thread that drains both rings. It wakes by a short timer (a wake-up by the kernel costs the
// observed process 4 us each) or when a ring is a quarter full, coalesces, and hands on what is
// new. It never waits for anybody: what the consumer does not take is counted as lost.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/base/fd.h"
#include "userspace/collector/coalescer.h"
#include "userspace/collector/record_batch.h"

struct ring_buffer;

namespace nsobs {

struct RingReaderOptions {
  int critical_map_fd = -1;
  int bulk_map_fd = -1;
  absl::Duration period = absl::Milliseconds(5);
  absl::Duration flush_period = absl::Milliseconds(50);  // of counts of open runs
  CoalescerOptions coalescer;
};

struct RingReaderHandlers {
  // Takes the batch and returns true, or leaves it as it is and returns false: it is full.
  std::function<bool(RecordBatch& batch)> deliver;
  // Events that were received but could not be delivered.
  std::function<void(EventKind kind, uint8_t epoch, uint64_t count)> lost;
};

class RingReader {
 public:
  static absl::StatusOr<std::unique_ptr<RingReader>> Create(const RingReaderOptions& options,
                                                            RingReaderHandlers handlers);
  ~RingReader();
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  void Start();
  // Drains once more, flushes everything and ends the thread.
  void Stop();
  // Has it look at once; thread-safe.
  void Wake();
  void set_coalesce_window(absl::Duration window) { window_ns_ = absl::ToInt64Nanoseconds(window); }

 private:
  RingReader(const RingReaderOptions& options, RingReaderHandlers handlers);
  static int OnRecord(void* self, void* data, size_t size);
  void Loop();
  void Drain();
  void Deliver(bool flush);
  void DropRecords();
  void Wait();

  const RingReaderOptions options_;
  const RingReaderHandlers handlers_;
  Coalescer coalescer_;
  std::atomic<int64_t> window_ns_;
  UniqueFd wake_fd_;
  struct FreeRing {
    void operator()(ring_buffer* ring) const;
  };
  std::unique_ptr<ring_buffer, FreeRing> ring_;
  RecordBatch batch_;
  bool quiet_ = false;  // nothing came the last time
  int64_t last_flush_ns_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace nsobs
