// A stream of records, cut out of the input: the books of the coalescer balance, whatever comes.
//
// Each record: two bytes of length, then its bytes. A length with the top bit set is a flush, with
// the next bit a drop.
#include <stdlib.h>
#include <string.h>

#include <cstddef>
#include <cstdint>
#include <memory>

#include "userspace/collector/coalescer.h"
#include "userspace/collector/decoder.h"

namespace {

using nsobs::Coalescer;
using nsobs::RecordBatch;

void Require(bool condition) {
  if (!condition) abort();
}

struct Books {
  uint64_t seen = 0;
  uint64_t told = 0;  // rows, counts in extensions, counts that were dropped
  uint64_t last_run_id = 0;
};

// From a block of its own, at any alignment: a sanitizer sees each step over the edge.
void Feed(const uint8_t* data, size_t size, size_t shift, Coalescer* coalescer, Books* books) {
  auto block = std::make_unique<uint8_t[]>(shift + size);
  memcpy(block.get() + shift, data, size);
  const absl::Span<const uint8_t> record(block.get() + shift, size);
  (void)nsobs::DecodeEvent(record);
  uint64_t run_id = ~uint64_t{0};
  const bool merged = coalescer->Merge(record, &run_id);
  ++books->seen;
  if (!merged) ++books->told;
  Require(run_id == 0 || (!merged && run_id > books->last_run_id));
  if (run_id != 0) books->last_run_id = run_id;
}

void Flush(int64_t now_ns, Coalescer* coalescer, Books* books) {
  RecordBatch batch;
  coalescer->Flush(now_ns, &batch);
  for (const nsobs::RunExtension& e : batch.extensions) {
    Require(e.run_id != 0 && e.run_id <= books->last_run_id && e.count > 1);
    Require(e.added[0] + e.added[1] > 0 && e.added[0] + e.added[1] < e.count);
    books->told += e.added[0] + e.added[1];
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Coalescer coalescer({absl::Seconds(1), /*max_runs=*/8});
  Books books;
  int64_t now_ns = 0;
  while (size >= 2) {
    uint16_t length;
    memcpy(&length, data, sizeof length);
    data += 2, size -= 2;
    if ((length & 0x8000) != 0) {
      now_ns += int64_t{length & 0x7FFF} * 1'000'000;
      Flush(now_ns, &coalescer, &books);
    } else if ((length & 0x4000) != 0) {
      const auto lost = coalescer.Drop(length & 0x3FFF);
      books.told += lost[0] + lost[1];
    } else {
      const size_t shift = length >> 11;  // 0 to 7
      const size_t n = std::min<size_t>(length & 0x7FF, size);
      Feed(data, n, shift, &coalescer, &books);
      data += n, size -= n;
    }
  }
  Flush(now_ns, &coalescer, &books);
  Require(books.seen == books.told);
  return 0;
}
