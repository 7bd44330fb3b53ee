// Loads each program by itself, says how many instructions the verifier of this kernel walked
// through, and prints the end of its words where it refuses. Runs in guests; needs root.
//
//   verifier NAME INSNS                      loaded; INSNS of the limit of 1,000,000
//   verifier NAME refused ERRNO: WORDS
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <string>
#include <vector>

#include "bpf/event_abi.h"
#include "userspace/collector/bpf_object.h"

namespace {

constexpr size_t kLogBytes = 16 << 20;
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

// 0 or a positive errno; the verifier's words in `log`.
int LoadAlone(const std::string& name, uint32_t level, std::vector<char>* log) {
  Skeleton skeleton = nsobs::OpenSkeleton(nsobs::ObjectOfThisKernel());
  if (skeleton == nullptr) return errno;
  SwitchOn(skeleton.get());
  MakeMapsSmall(skeleton.get());
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    const bool wanted = name == bpf_program__name(program);
    bpf_program__set_autoload(program, wanted);
    if (!wanted) continue;
    bpf_program__set_log_level(program, level);
    bpf_program__set_log_buf(program, log->data(), log->size());
  }
  return -nsobs_bpf::load(skeleton.get());
}

void PrintTail(const std::string& log) {
  size_t at = log.size() > 1500 ? log.size() - 1500 : 0;
  printf("%s\n", log.substr(at).c_str());
}

void Try(const std::string& name) {
  std::vector<char> log(kLogBytes);
  int error = LoadAlone(name, kStatistics, &log);
  const char* processed = strstr(log.data(), "processed ");
  int instructions = 0;
  if (error == 0 && processed != nullptr) sscanf(processed, "processed %d insns", &instructions);
  if (error == 0) {
    printf("verifier %s %d\n", name.c_str(), instructions);
    return;
  }
  printf("verifier %s refused %d: %s\n", name.c_str(), error, strerror(error));
  log.assign(kLogBytes, '\0');
  LoadAlone(name, kEverything, &log);
  PrintTail(log.data());
}

}  // namespace

int main(int argc, char** argv) {
  libbpf_set_print([](libbpf_print_level level, const char* format, va_list args) {
    return level == LIBBPF_WARN ? vfprintf(stderr, format, args) : 0;
  });
  Skeleton skeleton = nsobs::OpenSkeleton(nsobs::ObjectOfThisKernel());
  if (skeleton == nullptr) return 1;
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    const std::string name = bpf_program__name(program);
    if (argc < 2 || name == argv[1]) Try(name);
  }
  return 0;
}
