// Room for what was received and is not written yet, and who has how much of it. Whoever floods
// fills his own share; there always is room for those who have little under way.
#pragma once

#include <cstddef>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "userspace/base/mutex.h"
#include "userspace/event/process.h"

namespace nsobs {

// Places for records, by owner: by cgroup alone, since namespaces of one's own are made too easily.
// An owner may have as many as are free beyond a last quarter: one alone three eighths of all, n at
// the same time a like part each (the dynamic threshold of switches: Choudhury and Hahne 1998). The
// last quarter is for those who have less than a 128th of all, which 32 of them get in any case.
// Thread-safe.
class SharedPlaces {
 public:
  explicit SharedPlaces(size_t capacity) : capacity_(capacity) {}

  bool Take(const CgroupKey& owner);
  void GiveBack(absl::Span<const CgroupKey> owners);  // one place for each
  size_t taken() const;
  size_t capacity() const { return capacity_; }

 private:
  const size_t capacity_;
  mutable Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<CgroupKey, size_t> by_owner_ ABSL_GUARDED_BY(mutex_);
};

// Places without owners, all or none. Thread-safe.
class Places {
 public:
  explicit Places(size_t capacity) : capacity_(capacity) {}

  // As many as are asked for, also more than there are, if all are free: nobody waits for ever.
  bool Take(size_t count);
  void GiveBack(size_t count);
  size_t taken() const;
  size_t capacity() const { return capacity_; }

 private:
  const size_t capacity_;
  mutable Mutex mutex_;
  size_t taken_ ABSL_GUARDED_BY(mutex_) = 0;
};

struct QueueRoom {
  explicit QueueRoom(size_t records) : rows(records), context(records), extensions(records / 4) {}

  size_t taken() const { return rows.taken() + context.taken() + extensions.taken(); }
  size_t capacity() const { return rows.capacity() + context.capacity() + extensions.capacity(); }

  SharedPlaces rows;     // until they are written
  SharedPlaces context;  // until the correlator knows them: a slow disk holds up no names
  Places extensions;     // until they are written; those without a place come later, with more
};

}  // namespace nsobs
