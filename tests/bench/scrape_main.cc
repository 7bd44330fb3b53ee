// bench_scrape ROUNDS <PAGE: the least that a scrape can cost, in microseconds of CPU (the median):
// the observer's map of counters read in batches, and the samples of the page put together again
// from their names and values. Prints "keys N", "samples N", "microseconds N".
#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/fd.h"

namespace nsobs::bench {
namespace {

constexpr char kMap[] = "counters";
constexpr uint32_t kBatch = 4096;

struct Sample {
  std::string name;  // with its labels
  double value = 0;
};

[[noreturn]] void Fail(const char* what) {
  fprintf(stderr, "bench_scrape: %s: %s\n", what, strerror(errno));
  exit(1);
}

double CpuUs() {
  timespec ts{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return static_cast<double>(ts.tv_sec) * 1e6 + static_cast<double>(ts.tv_nsec) / 1e3;
}

std::vector<Sample> ReadPage() {
  std::vector<Sample> out;
  for (std::string line; std::getline(std::cin, line);) {
    const size_t space = line.rfind(' ');
    if (line.empty() || line[0] == '#' || space == std::string::npos) continue;
    out.push_back({line.substr(0, space), atof(line.c_str() + space + 1)});
  }
  return out;
}

size_t ReadMap(int fd, const bpf_map_info& info, std::vector<char>* keys,
               std::vector<char>* values) {
  keys->resize(size_t{kBatch} * info.key_size);
  values->resize(size_t{kBatch} * info.value_size);
  uint64_t token = 0;
  size_t total = 0;
  for (bool first = true, more = true; more; first = false) {
    uint32_t count = kBatch;
    more = bpf_map_lookup_batch(fd, first ? nullptr : &token, &token, keys->data(), values->data(),
                                &count, nullptr) == 0;
    if (!more && errno != ENOENT) Fail("reading the map");
    total += count;
  }
  return total;
}

// Of the observer that has counted most; there may be others.
UniqueFd FindMap(bpf_map_info* best) {
  UniqueFd out;
  size_t most = 0;
  std::vector<char> keys, values;
  for (uint32_t id = 0; bpf_map_get_next_id(id, &id) == 0;) {
    UniqueFd fd(bpf_map_get_fd_by_id(id));
    bpf_map_info info{};
    uint32_t size = sizeof info;
    if (!fd.ok() || bpf_obj_get_info_by_fd(fd.get(), &info, &size) != 0 ||
        strcmp(info.name, kMap) != 0)
      continue;
    const size_t used = ReadMap(fd.get(), info, &keys, &values);
    if (out.ok() && used <= most) continue;
    most = used;
    *best = info;
    out = std::move(fd);
  }
  return out;
}

int Main(int rounds) {
  const std::vector<Sample> samples = ReadPage();
  bpf_map_info info{};
  const UniqueFd map = FindMap(&info);
  if (!map.ok()) Fail("no observer's map of counters");
  std::vector<double> us;
  std::vector<char> keys, values;
  size_t used = 0;
  for (int i = 0; i < rounds; ++i) {
    const double start = CpuUs();
    used = ReadMap(map.get(), info, &keys, &values);
    std::string page;
    for (const Sample& sample : samples)
      absl::StrAppend(&page, sample.name, " ", sample.value, "\n");
    us.push_back(CpuUs() - start);
  }
  std::nth_element(us.begin(), us.begin() + rounds / 2, us.end());
  printf("keys %zu\nsamples %zu\nmicroseconds %.0f\n", used, samples.size(),
         us[static_cast<size_t>(rounds) / 2]);
  return 0;
}

}  // namespace
}  // namespace nsobs::bench

int main(int argc, char** argv) {
  const int rounds = argc == 2 ? atoi(argv[1]) : 0;
  if (rounds <= 0) {
    fputs("usage: bench_scrape ROUNDS <PAGE\n", stderr);
    return 2;
  }
  return nsobs::bench::Main(rounds);
}
