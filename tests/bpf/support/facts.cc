#include "tests/bpf/support/facts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "userspace/base/fd.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {
namespace {

constexpr unsigned long kNsGetId = _IOR(0xb7, 13, uint64_t);  // NS_GET_ID of linux/nsfs.h

std::string ReadProc(const char* path) {
  UniqueFd fd(open(path, O_RDONLY | O_CLOEXEC));
  char text[1024] = {};
  const ssize_t size = read(fd.get(), text, sizeof text - 1);
  return std::string(text, size > 0 ? static_cast<size_t>(size) : 0);
}

// The fields after the name, which may hold anything: [0] is the state, field 3 of proc(5).
void ReadStat(Facts* out) {
  const std::string stat = ReadProc("/proc/self/stat");
  const size_t end = stat.rfind(')');
  unsigned parent = 0;
  unsigned long long start = 0;
  sscanf(stat.c_str() + end + 2,
         "%*c %u %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &parent,
         &start);
  out->parent_pid = parent;
  out->start_ticks = start;
}

}  // namespace

uint64_t NamespaceIdOf(int ns_fd) {
  uint64_t id = 0;
  return ioctl(ns_fd, kNsGetId, &id) == 0 ? id : 0;
}

Facts ReadOwnFacts() {
  Facts out;
  char link[64] = {};
  if (readlink("/proc/thread-self", link, sizeof link - 1) > 0) {
    sscanf(link, "%u/task/%u", &out.pid, &out.tid);
  }
  out.ns_pid = static_cast<uint32_t>(getpid());
  out.uid = getuid();
  out.login_uid =
      static_cast<uint32_t>(strtoul(ReadProc("/proc/self/loginuid").c_str(), nullptr, 10));
  ReadStat(&out);
  const std::string comm = ReadProc("/proc/thread-self/comm");
  memcpy(out.comm, comm.data(), comm.size() > 16 ? 15 : comm.size() - 1);
  for (NamespaceKind kind : kNamespaceKinds) {
    const auto i = static_cast<size_t>(kind);
    const std::string path = "/proc/thread-self/ns/" + std::string(Name(kind));
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat st{};
    if (!fd.ok() || fstat(fd.get(), &st) != 0) continue;
    out.ns_inode[i] = static_cast<uint32_t>(st.st_ino);
    out.ns_id[i] = NamespaceIdOf(fd.get());
  }
  return out;
}

}  // namespace nsobs
