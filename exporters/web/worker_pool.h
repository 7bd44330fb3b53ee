// A fixed number of threads that answer requests. Its queue is bounded by whoever submits: each
// connection has at most one request here.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

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

  // Of std: ThreadSanitizer does not see the locks of a packaged Abseil.
  std::mutex mutex_;  // guards the next three
  std::condition_variable ready_;
  std::deque<std::function<void()>> jobs_;
  bool stop_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace nsobs
