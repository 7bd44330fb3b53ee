// The reading side of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF). libbpf's own maps the data twice
// from end to end, and all that is mapped counts as memory of this process, read or not: so only
// the window is mapped that is read just now, 256 KiB of the data, and one more page for a record
// that runs over its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace nsobs {

// Used by one thread.
class MappedRing {
 public:
  // `map_fd` is borrowed, and must stay open as long as this lives. No record may be longer than a
  // page less 8 bytes.
  static absl::StatusOr<std::unique_ptr<MappedRing>> Map(int map_fd);
  ~MappedRing();
  MappedRing(const MappedRing&) = delete;
  MappedRing& operator=(const MappedRing&) = delete;

  // Takes what was submitted, oldest first, until there is no more, a record is still being
  // written, or `most` were taken; the bytes are valid during the call. Returns how many. If the
  // kernel has no memory to map the next window, what is there waits for the next call.
  // Protocol: kernel/bpf/ringbuf.c, "Ring buffer".
  template <typename Take>
  size_t Consume(Take take, size_t most) {
    size_t taken = 0;
    for (Record record; taken < most && Peek(&record);) {
      if (!record.discarded) {
        take(record.bytes);
        ++taken;
      }
      Release(record);
    }
    return taken;
  }

 private:
  struct Record {
    absl::Span<const uint8_t> bytes;
    bool discarded = false;
    size_t end = 0;  // the consumer's position after it
  };

  explicit MappedRing(int map_fd) : map_fd_(map_fd) {}
  bool Peek(Record* out);
  void Release(const Record& record);
  absl::Status MapWindow(size_t offset);

  const int map_fd_;
  void* consumer_ = nullptr;  // one page; the position is its first word
  void* producer_ = nullptr;  // one page with the kernel's position
  void* window_ = nullptr;    // the data from window_offset_ on, and one page more
  size_t page_ = 0;
  size_t data_bytes_ = 0;  // a power of two, as window_bytes_ is
  size_t window_bytes_ = 0;
  size_t window_offset_ = 0;
};

}  // namespace nsobs
