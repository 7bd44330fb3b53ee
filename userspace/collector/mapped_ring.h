// The reading side of a BPF ring buffer (BPF_MAP_TYPE_RINGBUF). libbpf's own maps the data twice
// from end to end, so that a record may run over the end; records are short here, and one more page
// does: the whole ring counts once for the memory of this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace nsobs {

// Used by one thread.
class MappedRing {
 public:
  // `map_fd` is borrowed, and must stay open. No record may be longer than a page less 8 bytes.
  static absl::StatusOr<std::unique_ptr<MappedRing>> Map(int map_fd);
  ~MappedRing();
  MappedRing(const MappedRing&) = delete;
  MappedRing& operator=(const MappedRing&) = delete;

  // Takes what was submitted, oldest first, until there is no more, a record is still being
  // written, or `most` were taken; the bytes are valid during the call. Returns how many.
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

  MappedRing() = default;
  bool Peek(Record* out) const;
  void Release(const Record& record);

  void* consumer_ = nullptr;  // one page; the position is its first word
  void* producer_ = nullptr;  // one page with the kernel's position, then the data
  size_t page_ = 0;
  size_t data_bytes_ = 0;
};

}  // namespace nsobs
