#include "userspace/main/host_facts.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

HostFact Kernel() {
  utsname name{};
  uname(&name);
  return {"kernel", absl::StrCat(name.release, " ", name.machine), true, ""};
}

HostFact Btf() {
  const bool good = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  return {"BTF", good ? "yes" : "no", good,
          good ? "" : "a kernel with CONFIG_DEBUG_INFO_BTF=y is needed"};
}

// Which hierarchies are mounted, from the host's own mount table.
HostFact Cgroups() {
  std::ifstream mounts("/proc/self/mountinfo");
  bool v1_memory = false, v2 = false;
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") != std::string::npos) v2 = true;
    const size_t v1 = line.find(" - cgroup ");
    if (v1 != std::string::npos && line.find("memory", v1) != std::string::npos) v1_memory = true;
  }
  HostFact fact{"cgroups", "", v1_memory || v2, ""};
  if (v1_memory && v2) {
    fact.value = "v1 with memory, v2 beside it (hybrid)";
  } else if (v1_memory) {
    fact.value = "v1";
  } else if (v2) {
    fact.value = "v2";
  } else {
    fact.value = "none mounted";
    fact.advice = "containers are named by their namespaces alone";
  }
  return fact;
}

HostFact BpfStats() {
  auto text = ReadSmallFile("/proc/sys/kernel/bpf_stats_enabled", 16);
  const bool on = text.ok() && text->substr(0, 1) == "1";
  return {
      "program costs", on ? "measured by the kernel" : "0.1 s in each 10 s is measured", true,
      on ? "" : "sysctl kernel.bpf_stats_enabled=1 measures all the time, for some 50 ns a run"};
}

// Security modules that label processes and files: without one mnt-lsm can't happen, and can't be
// shown. A process has a label only where one is active (EINVAL else: fs/proc/base.c).
HostFact SecurityLabels() {
  if (ReadSmallFile("/proc/self/attr/current", 4096).ok()) {
    return {"security labels", "yes", true, ""};
  }
  return {
      "security labels", "none", true,
      "mnt-lsm (SELinux, AppArmor) does not happen here; that case is tested with recorded data "
      "only"};
}

HostFact Cpus() { return {"CPUs", absl::StrCat(std::thread::hardware_concurrency()), true, ""}; }

}  // namespace

std::vector<HostFact> CollectHostFacts() {
  return {Kernel(), Btf(), Cgroups(), BpfStats(), SecurityLabels(), Cpus()};
}

}  // namespace nsobs
