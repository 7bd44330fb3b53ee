#include "exporters/web/worker_pool.h"

namespace nsobs {

WorkerPool::WorkerPool(size_t threads) {
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back(&WorkerPool::Run, this);
}

WorkerPool::~WorkerPool() { Stop(); }

void WorkerPool::Submit(std::function<void()> job) {
  absl::MutexLock lock(&mutex_);
  if (!stop_) jobs_.push_back(std::move(job));
}

void WorkerPool::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stop_ = true;
    jobs_.clear();
  }
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void WorkerPool::Run() {
  while (true) {
    std::function<void()> job;
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(this, &WorkerPool::ReadyLocked));
      if (stop_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace nsobs
