// A queue between two threads with a fixed capacity. Push never blocks: what doesn't fit is
// refused, and the caller counts it as lost.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "userspace/base/mutex.h"

namespace nsobs {

template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // False if the queue is full or closed; `item` is untouched then.
  bool Push(T&& item) {
    MutexLock lock(&mutex_);
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    return true;
  }

  // Everything that is queued, waiting up to `timeout` for the first; empty on timeout or close.
  std::vector<T> PopAll(absl::Duration timeout) {
    MutexLock lock(&mutex_);
    mutex_.AwaitWithTimeout([this] { return ReadyLocked(); }, timeout);
    std::vector<T> out(std::make_move_iterator(items_.begin()),
                       std::make_move_iterator(items_.end()));
    items_.clear();
    return out;
  }

  void Close() {
    MutexLock lock(&mutex_);
    closed_ = true;
  }

  bool closed() const {
    MutexLock lock(&mutex_);
    return closed_;
  }

  size_t size() const {
    MutexLock lock(&mutex_);
    return items_.size();
  }

 private:
  bool ReadyLocked() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return closed_ || !items_.empty(); }

  const size_t capacity_;
  mutable Mutex mutex_;
  std::deque<T> items_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nsobs
