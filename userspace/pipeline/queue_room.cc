#include "userspace/pipeline/queue_room.h"

namespace nsobs {

bool SharedPlaces::Take(const CgroupKey& owner) {
  MutexLock lock(&mutex_);
  const size_t free = capacity_ - taken_;
  const size_t reserve = capacity_ / 4;
  auto found = by_owner_.find(owner);
  const size_t has = found == by_owner_.end() ? 0 : found->second;
  const bool within_share = free > reserve && has < free - reserve;
  const bool has_little = free > 0 && has < capacity_ / 128;
  if (!within_share && !has_little) return false;
  ++taken_;
  if (found == by_owner_.end()) {
    by_owner_.emplace(owner, 1);
  } else {
    ++found->second;
  }
  return true;
}

void SharedPlaces::GiveBack(absl::Span<const CgroupKey> owners) {
  MutexLock lock(&mutex_);
  for (const CgroupKey& owner : owners) {
    auto found = by_owner_.find(owner);
    if (found == by_owner_.end()) continue;
    --taken_;
    if (--found->second == 0) by_owner_.erase(found);
  }
}

size_t SharedPlaces::taken() const {
  MutexLock lock(&mutex_);
  return taken_;
}

bool Places::Take(size_t count) {
  MutexLock lock(&mutex_);
  if (taken_ != 0 && taken_ + count > capacity_) return false;
  taken_ += count;
  return true;
}

void Places::GiveBack(size_t count) {
  MutexLock lock(&mutex_);
  taken_ -= count;
}

size_t Places::taken() const {
  MutexLock lock(&mutex_);
  return taken_;
}

}  // namespace nsobs
