#include "userspace/collector/mapped_ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kNoteWord = 8;  // of the consumer's page
constexpr size_t kAlign = 8;     // of records
// A power of two. Mapping the next one takes some 10 us, a few ns a record.
constexpr size_t kWindowBytes = 256 << 10;

size_t RoundUp(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

size_t Load(const void* position) {
  return __atomic_load_n(static_cast<const unsigned long*>(position), __ATOMIC_ACQUIRE);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MappedRing>> MappedRing::Map(int map_fd) {
  bpf_map_info info{};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(map_fd, &info, &size) != 0) return ErrnoStatus(errno, "a ring's size");
  std::unique_ptr<MappedRing> ring(new MappedRing(map_fd));
  ring->page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  ring->data_bytes_ = info.max_entries;
  ring->window_bytes_ = std::min(ring->data_bytes_, std::max(kWindowBytes, ring->page_));
  void* consumer = mmap(nullptr, ring->page_, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return ErrnoStatus(errno, "mapping a ring");
  ring->consumer_ = consumer;
  void* producer =
      mmap(nullptr, ring->page_, PROT_READ, MAP_SHARED, map_fd, static_cast<off_t>(ring->page_));
  if (producer == MAP_FAILED) return ErrnoStatus(errno, "mapping a ring");
  ring->producer_ = producer;
  ring->at_ = Load(consumer);
  NSOBS_RETURN_IF_ERROR(ring->MapWindow(0));
  return ring;
}

MappedRing::~MappedRing() {
  if (window_ != nullptr) munmap(window_, window_bytes_ + page_);
  if (producer_ != nullptr) munmap(producer_, page_);
  if (consumer_ != nullptr) munmap(consumer_, page_);
}

// In the place of the one before, if there is one. The data follows the two pages of positions; the
// kernel offers it twice in a row, so that the page after its end is its first.
absl::Status MappedRing::MapWindow(size_t offset) {
  const int flags = window_ == nullptr ? MAP_SHARED : MAP_SHARED | MAP_FIXED;
  void* window = mmap(window_, window_bytes_ + page_, PROT_READ, flags, map_fd_,
                      static_cast<off_t>(2 * page_ + offset));
  if (window == MAP_FAILED) {
    // MAP_FIXED may have taken away what was there.
    const int error = errno;
    if (window_ != nullptr) munmap(std::exchange(window_, nullptr), window_bytes_ + page_);
    return ErrnoStatus(error, "mapping a ring");
  }
  window_ = window;
  window_offset_ = offset;
  return absl::OkStatus();
}

void MappedRing::HoldBack(uint64_t from) {
  holds_back_ = true;
  // A position that the ring never had is nobody's.
  if (from > at_ && from <= Load(producer_)) at_ = from;
}

// The kernel keeps its own positions apart from all else, so that they may be mapped: of the
// consumer's page it uses the first word alone (struct bpf_ringbuf), and the rest is as we left it.
void MappedRing::LetGo() {
  __atomic_store_n(static_cast<unsigned long*>(consumer_) + kNoteWord, at_, __ATOMIC_RELEASE);
  ReleaseUpTo(at_);
}

uint64_t MappedRing::let_go() const {
  return Load(static_cast<const unsigned long*>(consumer_) + kNoteWord);
}

uint64_t MappedRing::released() const { return Load(consumer_); }

bool MappedRing::has_more() const { return at_ < Load(producer_); }

bool MappedRing::Peek(Record* out, bool skip_busy) {
  const size_t at = at_;
  if (at >= Load(producer_)) return false;
  const size_t offset = at & (data_bytes_ - 1);
  const size_t start = offset & ~(window_bytes_ - 1);
  if ((window_ == nullptr || start != window_offset_) && !MapWindow(start).ok()) return false;
  const auto* header = static_cast<const uint8_t*>(window_) + (offset - start);
  const uint32_t word =
      __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
  const bool busy = (word & BPF_RINGBUF_BUSY_BIT) != 0;
  if (busy && !skip_busy) return false;
  const size_t bytes = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
  out->discarded = busy || (word & BPF_RINGBUF_DISCARD_BIT) != 0;
  // What is longer than we mapped can't be ours: skipped unread.
  if (bytes + BPF_RINGBUF_HDR_SZ > page_) out->discarded = true;
  out->bytes = {header + BPF_RINGBUF_HDR_SZ, bytes};
  out->end = at + RoundUp(bytes + BPF_RINGBUF_HDR_SZ);
  return true;
}

void MappedRing::ReleaseUpTo(uint64_t position) {
  if (position <= Load(consumer_)) return;  // only this thread writes it
  __atomic_store_n(static_cast<unsigned long*>(consumer_), position, __ATOMIC_RELEASE);
}

}  // namespace nsobs
