// A mutex with a condition, and a one-time notification: like Abseil's, over the standard library.
//
// Why not Mutex: Debian's build of it is not instrumented, so ThreadSanitizer sees no order
// between what two of its holders do and reports races that aren't there. It understands these.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"

namespace nsobs {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() { mutex_.lock(); }
  // Whoever waits looks at its condition again. Told before the lock is given up: after that the
  // mutex may be gone.
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    changed_.notify_all();
    mutex_.unlock();
  }

  // Waits, without the lock, until `condition` holds or the time is over; false: it doesn't hold.
  // The caller holds the lock before and after. `condition` is called under it.
  template <typename Condition>
  bool AwaitWithTimeout(Condition condition, absl::Duration timeout)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    changed_.notify_all();  // waiting gives up the lock, too
    std::unique_lock<std::mutex> lock(mutex_, std::adopt_lock);
    bool holds = true;
    if (timeout >= absl::Hours(24 * 365)) {
      changed_.wait(lock, condition);
    } else {
      holds = changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout), condition);
    }
    lock.release();
    return holds;
  }

  template <typename Condition>
  void Await(Condition condition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(this) {
    AwaitWithTimeout(condition, absl::InfiniteDuration());
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex* mutex) ABSL_EXCLUSIVE_LOCK_FUNCTION(mutex) : mutex_(mutex) {
    mutex_->Lock();
  }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mutex_->Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex* const mutex_;
};

// Said once, heard by any number of threads, also by those that come later.
class Notification {
 public:
  void Notify() {
    MutexLock lock(&mutex_);
    notified_ = true;
  }
  bool HasBeenNotified() const {
    MutexLock lock(&mutex_);
    return notified_;
  }
  void WaitForNotification() const { WaitForNotificationWithTimeout(absl::InfiniteDuration()); }
  // False: the time is over.
  bool WaitForNotificationWithTimeout(absl::Duration timeout) const {
    MutexLock lock(&mutex_);
    return mutex_.AwaitWithTimeout([this] { return notified_; }, timeout);
  }

 private:
  mutable Mutex mutex_;
  bool notified_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace nsobs
