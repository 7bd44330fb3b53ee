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

  // From now on what was taken stays on the ring until ReleaseUpTo(), so that whoever maps the ring
  // after us finds it again. Taking goes on at `from`, if that is further than what was released.
  void HoldBack(uint64_t from);
  // Positions count the bytes of all records so far.
  uint64_t position() const { return at_; }
  uint64_t released() const;
  // `position`: one that position() had. What is behind it already changes nothing.
  void ReleaseUpTo(uint64_t position);
  // Releases all that was taken, and leaves a note of it beside the ring.
  void LetGo();
  // Up to where LetGo() ever went, in this life or one before.
  uint64_t let_go() const;
  uint64_t capacity() const { return data_bytes_; }

  // Has something come that was not taken yet? It may still be being written.
  bool has_more() const;

  // Shows all records from position() to the end, also those behind one that is still being
  // written, which isn't shown. Takes nothing.
  template <typename Visit>
  void ForEach(Visit visit) {
    const size_t start = at_;
    for (Record record; Peek(&record, /*skip_busy=*/true); at_ = record.end) {
      if (!record.discarded) visit(record.bytes);
    }
    at_ = start;
  }
  ~MappedRing();
  MappedRing(const MappedRing&) = delete;
  MappedRing& operator=(const MappedRing&) = delete;

  // Takes what was submitted, oldest first, until there is no more, a record is still being
  // written, `most` were taken, or the next one is not `wanted`; the bytes are valid during the
  // call. Returns how many. If the kernel has no memory to map the next window, what is there waits
  // for the next call. Protocol: kernel/bpf/ringbuf.c, "Ring buffer".
  template <typename Take, typename Wanted>
  size_t ConsumeWhile(Wanted wanted, Take take, size_t most) {
    size_t taken = 0;
    for (Record record; taken < most && Peek(&record, /*skip_busy=*/false);) {
      if (!record.discarded) {
        if (!wanted(record.bytes)) break;
        take(record.bytes);
        ++taken;
      }
      at_ = record.end;
      if (!holds_back_) ReleaseUpTo(at_);
    }
    return taken;
  }
  template <typename Take>
  size_t Consume(Take take, size_t most) {
    return ConsumeWhile([](absl::Span<const uint8_t>) { return true; }, take, most);
  }

 private:
  struct Record {
    absl::Span<const uint8_t> bytes;
    bool discarded = false;
    size_t end = 0;  // the consumer's position after it
  };

  explicit MappedRing(int map_fd) : map_fd_(map_fd) {}
  bool Peek(Record* out, bool skip_busy);
  absl::Status MapWindow(size_t offset);

  const int map_fd_;
  void* consumer_ = nullptr;  // one page; the position is its first word
  void* producer_ = nullptr;  // one page with the kernel's position
  size_t at_ = 0;             // our own position
  bool holds_back_ = false;
  void* window_ = nullptr;  // the data from window_offset_ on, and one page more
  size_t page_ = 0;
  size_t data_bytes_ = 0;  // a power of two, as window_bytes_ is
  size_t window_bytes_ = 0;
  size_t window_offset_ = 0;
};

}  // namespace nsobs
