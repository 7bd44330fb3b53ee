// Loads each program, says how many instructions the verifier of this kernel walked
// through, and prints the end of its words where it refuses. Runs in guests; needs root.
//
//   verifier NAME INSNS                      loaded; INSNS of the limit of 1,000,000
//   verifier NAME refused ERRNO: WORDS
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bpf/event_abi.h"
#include "userspace/collector/bpf_object.h"

namespace {

constexpr size_t kLogBytes = 16 << 20;
constexpr size_t kShortLogBytes = 64 << 10;
constexpr uint32_t kStatistics = 4;  // log level: only the summary
constexpr uint32_t kEverything = 1;

using nsobs::Skeleton;

// Everything switched on, so that no part of a program is dead to the verifier.
void SwitchOn(nsobs_bpf* skeleton) {
  auto& constants = skeleton->rodata_constants->constants;
  constants.page_bytes = 4096;
  constants.memory_hierarchy = 1;
  constants.syscall_hooks = true;
  constants.io_uring_hook = true;
  constants.files_watched = true;
  constants.host_mnt_inode = 1;
}

// The verifier doesn't care how large maps are; making large ones again and again takes a guest
// minutes.
void MakeMapsSmall(nsobs_bpf* skeleton) {
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton->obj) {
    const bool ring = bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF;
    const uint32_t few = ring ? 4096 : 64;
    if (bpf_map__max_entries(map) > few) bpf_map__set_max_entries(map, few);
  }
}

using Names = std::vector<std::string>;
using Logs = std::map<std::string, std::vector<char>>;

// 0 or a positive errno; the verifier's words of each in `logs`.
int Load(const Names& names, uint32_t level, size_t log_bytes, Logs* logs) {
  Skeleton skeleton = nsobs::OpenSkeleton(nsobs::ObjectOfThisKernel());
  if (skeleton == nullptr) return errno;
  SwitchOn(skeleton.get());
  MakeMapsSmall(skeleton.get());
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    const std::string name = bpf_program__name(program);
    const bool wanted = std::find(names.begin(), names.end(), name) != names.end();
    bpf_program__set_autoload(program, wanted);
    if (!wanted) continue;
    std::vector<char>& log = (*logs)[name];
    log.assign(log_bytes, '\0');
    bpf_program__set_log_level(program, level);
    bpf_program__set_log_buf(program, log.data(), log.size());
  }
  return -nsobs_bpf::load(skeleton.get());
}

void PrintTail(const std::string& log) {
  size_t at = log.size() > 1500 ? log.size() - 1500 : 0;
  printf("%s\n", log.substr(at).c_str());
}

void PrintCount(const std::string& name, const std::vector<char>& log) {
  const char* processed = strstr(log.data(), "processed ");
  int instructions = 0;
  if (processed != nullptr) sscanf(processed, "processed %d insns", &instructions);
  printf("verifier %s %d\n", name.c_str(), instructions);
}

void TryAlone(const std::string& name) {
  Logs logs;
  const int error = Load({name}, kStatistics, kShortLogBytes, &logs);
  if (error == 0) {
    PrintCount(name, logs[name]);
    return;
  }
  printf("verifier %s refused %d: %s\n", name.c_str(), error, strerror(error));
  Load({name}, kEverything, kLogBytes, &logs);
  PrintTail(logs[name].data());
}

// All at once, since each load reads the kernel's BTF anew. libbpf stops at the first that is
// refused, which is the last that the verifier said anything of, or the one after it: those two are
// tried alone, and then the rest.
void TryAll(Names names) {
  while (!names.empty()) {
    Logs logs;
    const bool loaded = Load(names, kStatistics, kShortLogBytes, &logs) == 0;
    size_t said = 0;
    while (said < names.size() && logs[names[said]].front() != '\0') ++said;
    const size_t good = loaded ? names.size() : said - std::min<size_t>(said, 1);
    for (size_t i = 0; i < good; ++i) PrintCount(names[i], logs[names[i]]);
    const size_t tried = loaded ? names.size() : std::min(said + 1, names.size());
    for (size_t i = good; i < tried; ++i) TryAlone(names[i]);
    names.erase(names.begin(), names.begin() + static_cast<ptrdiff_t>(tried));
  }
}

}  // namespace

int main(int argc, char** argv) {
  libbpf_set_print([](libbpf_print_level level, const char* format, va_list args) {
    return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
  });
  Skeleton skeleton = nsobs::OpenSkeleton(nsobs::ObjectOfThisKernel());
  if (skeleton == nullptr) return 1;
  Names names;
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    const std::string name = bpf_program__name(program);
    if (argc < 2 || name == argv[1]) names.push_back(name);
  }
  TryAll(std::move(names));
  return 0;
}
