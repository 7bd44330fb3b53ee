#include "userspace/collector/object_load.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <utility>

#include "bpf/event_abi.h"

namespace nsobs {
namespace {

// The hierarchy number of the v1 memory controller; 0 where it is on the unified hierarchy.
uint32_t MemoryHierarchy() {
  std::ifstream file("/proc/cgroups");
  std::string line;
  while (std::getline(file, line)) {
    unsigned hierarchy = 0;
    if (sscanf(line.c_str(), "memory %u", &hierarchy) == 1) return hierarchy;
  }
  return 0;
}

// Of the host's init, whatever namespaces the observer itself was started in. Where that is not
// permitted even to root, the observer's own; 0: not known.
uint32_t HostMountNamespace() {
  struct stat st{};
  for (const char* path : {"/proc/1/ns/mnt", "/proc/self/ns/mnt"}) {
    if (stat(path, &st) == 0) return static_cast<uint32_t>(st.st_ino);
  }
  return 0;
}

void Configure(nsobs_bpf* skeleton, const ProbeOptions& options) {
  auto& constants = skeleton->rodata_constants->constants;
  constants.page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  constants.memory_hierarchy = MemoryHierarchy();
  constants.syscall_hooks = options.syscall_hooks;
  constants.io_uring_hook = options.io_uring_hook;
  constants.files_watched = options.files_watched;
  constants.host_mnt_inode = HostMountNamespace();
  constants.ring_quarter_bytes_critical = options.critical_ring_bytes / 4;
  constants.ring_quarter_bytes_bulk = options.bulk_ring_bytes / 4;
  bpf_map__set_max_entries(skeleton->maps.critical,
                           static_cast<uint32_t>(options.critical_ring_bytes));
  bpf_map__set_max_entries(skeleton->maps.bulk, static_cast<uint32_t>(options.bulk_ring_bytes));
  bpf_map__set_max_entries(skeleton->maps.runs,
                           static_cast<uint32_t>(std::max(libbpf_num_possible_cpus(), 1)) *
                               NSOBS_RUN_KINDS * NSOBS_RUN_SLOTS);
}

// Where the verifier's words of each program go; libbpf asks it for them when it has refused one.
// Up to 6.1 at least it takes no room of less than 128 bytes.
using VerifierLogs = std::map<bpf_program*, std::array<char, 256>>;

void Listen(bpf_object* object, VerifierLogs* logs) {
  bpf_program* program;
  bpf_object__for_each_program(program, object) {
    if (!bpf_program__autoload(program)) continue;
    std::array<char, 256>& mine = (*logs)[program];
    bpf_program__set_log_buf(program, mine.data(), mine.size());
  }
}

}  // namespace

Skeleton OpenWith(BpfObject object, const ProbeOptions& options, const ProgramNames& names) {
  Skeleton skeleton = OpenSkeleton(object);
  if (skeleton == nullptr) return nullptr;
  Configure(skeleton.get(), options);
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    bpf_program__set_autoload(program, names.contains(bpf_program__name(program)));
  }
  return skeleton;
}

LoadAttempt TryLoad(BpfObject object, const ProbeOptions& options, const ProgramNames& names) {
  VerifierLogs logs;  // outlives the skeleton
  LoadAttempt out;
  Skeleton skeleton = OpenWith(object, options, names);
  if (skeleton == nullptr) return {errno, "", nullptr};
  // Of one alone it is clear which it was. A log that doesn't fit would be another error.
  if (names.size() > 1) Listen(skeleton->obj, &logs);
  out.error = -nsobs_bpf::load(skeleton.get());
  if (out.error == 0) {
    out.skeleton = std::move(skeleton);
    for (const auto& [program, mine] : logs) bpf_program__set_log_buf(program, nullptr, 0);
    return out;
  }
  for (const auto& [program, mine] : logs) {
    if (mine.front() != '\0') out.refused = bpf_program__name(program);
  }
  return out;
}

}  // namespace nsobs
