// bench_ring: the least that a reader of a ring can do. Its kernel side sends an empty record for
// each SIGTERM of the host; this side looks as often as the daemon's ring thread does and drops
// them. Prints "ready", stays until its standard input ends, then prints how many records came and
// how many the full ring refused.
#include <bpf/libbpf.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include <cstdint>
#include <memory>

#include "bench_ring.skel.h"

namespace nsobs::bench {
namespace {

constexpr int kPeriodMs = 5;  // RingReaderOptions::period

int Drop(void* count, void*, size_t) {
  ++*static_cast<uint64_t*>(count);
  return 0;
}

int Main() {
  std::unique_ptr<bench_ring, void (*)(bench_ring*)> skeleton(bench_ring::open_and_load(),
                                                              bench_ring::destroy);
  uint64_t count = 0;
  if (skeleton == nullptr || bench_ring::attach(skeleton.get()) != 0) return 1;
  std::unique_ptr<ring_buffer, void (*)(ring_buffer*)> ring(
      ring_buffer__new(bpf_map__fd(skeleton->maps.ring), Drop, &count, nullptr), ring_buffer__free);
  if (ring == nullptr) return 1;
  puts("ready");
  fflush(stdout);
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (poll(&input, 1, kPeriodMs) == 0) ring_buffer__consume(ring.get());
  ring_buffer__consume(ring.get());
  printf("%llu %llu\n", static_cast<unsigned long long>(count),
         static_cast<unsigned long long>(skeleton->bss->refused));
  return 0;
}

}  // namespace
}  // namespace nsobs::bench

int main() { return nsobs::bench::Main(); }
