// A fixed number of threads that answer requests. Its queue is bounded by whoever submits: each
// connection has at most one request here.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"

namespace nsobs {

class WorkerPool {
 public:
  explicit WorkerPool(size_t threads);
  ~WorkerPool();

  void Submit(std::function<void()> job);

  // Drops what hasn't begun, waits for what has. Idempotent.
  void Stop();

 private:
  void Run();
  bool ReadyLocked() const { return stop_ || !jobs_.empty(); }

  absl::Mutex mutex_;
  std::deque<std::function<void()>> jobs_ ABSL_GUARDED_BY(mutex_);
  bool stop_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace nsobs
