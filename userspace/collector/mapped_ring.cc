#include "userspace/collector/mapped_ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kAlign = 8;  // of records

size_t RoundUp(size_t bytes) { return (bytes + kAlign - 1) / kAlign * kAlign; }

size_t Load(const void* position) {
  return __atomic_load_n(static_cast<const unsigned long*>(position), __ATOMIC_ACQUIRE);
}

}  // namespace

absl::StatusOr<std::unique_ptr<MappedRing>> MappedRing::Map(int map_fd) {
  bpf_map_info info{};
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(map_fd, &info, &size) != 0) return ErrnoStatus(errno, "a ring's size");
  std::unique_ptr<MappedRing> ring(new MappedRing);
  ring->page_ = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  ring->data_bytes_ = info.max_entries;
  void* consumer = mmap(nullptr, ring->page_, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
  if (consumer == MAP_FAILED) return ErrnoStatus(errno, "mapping a ring");
  ring->consumer_ = consumer;
  // The kernel offers the data twice in a row: of the second time we take the first page.
  void* producer = mmap(nullptr, ring->data_bytes_ + 2 * ring->page_, PROT_READ, MAP_SHARED, map_fd,
                        static_cast<off_t>(ring->page_));
  if (producer == MAP_FAILED) return ErrnoStatus(errno, "mapping a ring");
  ring->producer_ = producer;
  return ring;
}

MappedRing::~MappedRing() {
  if (producer_ != nullptr) munmap(producer_, data_bytes_ + 2 * page_);
  if (consumer_ != nullptr) munmap(consumer_, page_);
}

bool MappedRing::Peek(Record* out) const {
  const size_t at = Load(consumer_);  // only this thread writes it
  if (at >= Load(producer_)) return false;
  const auto* header = static_cast<const uint8_t*>(producer_) + page_ + (at & (data_bytes_ - 1));
  const uint32_t word =
      __atomic_load_n(reinterpret_cast<const uint32_t*>(header), __ATOMIC_ACQUIRE);
  if ((word & BPF_RINGBUF_BUSY_BIT) != 0) return false;
  const size_t bytes = word & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
  out->discarded = (word & BPF_RINGBUF_DISCARD_BIT) != 0;
  // What is longer than we mapped can't be ours: skipped unread.
  if (bytes + BPF_RINGBUF_HDR_SZ > page_) out->discarded = true;
  out->bytes = {header + BPF_RINGBUF_HDR_SZ, bytes};
  out->end = at + RoundUp(bytes + BPF_RINGBUF_HDR_SZ);
  return true;
}

void MappedRing::Release(const Record& record) {
  __atomic_store_n(static_cast<unsigned long*>(consumer_), record.end, __ATOMIC_RELEASE);
}

}  // namespace nsobs
