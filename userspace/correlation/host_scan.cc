#include "userspace/correlation/host_scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"

// Since Linux 6.18 (commit of "nsfs: add current_in_namespace/ids"); not in Debian 12's headers.
#ifndef NS_GET_ID
#define NS_GET_ID _IOR(NSIO, 13, __u64)
#endif

namespace nsobs {
namespace {

constexpr size_t kReadCap = 16384;  // none of these files is longer
constexpr uint32_t kInitPid = 1;
constexpr uint32_t kKthreaddPid = 2;

// A buffer for one file at a time: a pass reads thousands.
class SmallReader {
 public:
  // The first kReadCap bytes of a file below `dir`, until the next call; nullopt if it can't be
  // read.
  std::optional<std::string_view> Read(int dir, const char* name) {
    UniqueFd fd(openat(dir, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd.ok()) return std::nullopt;
    size_t used = 0;
    while (used < buffer_.size()) {
      const ssize_t n = read(fd.get(), buffer_.data() + used, buffer_.size() - used);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return std::nullopt;
      used += static_cast<size_t>(n);
      // procfs gives a file of this size in one piece, so that a short read is the end.
      if (n == 0 || used < kPage) break;
    }
    return std::string_view(buffer_.data(), used);
  }

 private:
  static constexpr size_t kPage = 4096;
  std::array<char, kReadCap> buffer_;
};

// Indexed by NamespaceKind; below /proc/PID.
constexpr std::array<const char*, kNamespaceKindCount> kNamespaceFiles = {
    "ns/cgroup", "ns/ipc", "ns/mnt", "ns/net", "ns/pid", "ns/time", "ns/user", "ns/uts"};

const char* NamespaceFile(NamespaceKind kind) { return kNamespaceFiles[static_cast<size_t>(kind)]; }

uint32_t ReadNamespaceInode(int dir, NamespaceKind kind) {
  char link[64];
  const ssize_t n = readlinkat(dir, NamespaceFile(kind), link, sizeof link);
  if (n <= 0) return 0;
  const auto parsed = ParseNamespaceLink(std::string_view(link, static_cast<size_t>(n)));
  return parsed && parsed->first == kind ? parsed->second : 0;
}

std::optional<NamespaceSet> ReadAllInodes(const std::string& process_dir) {
  UniqueFd dir(open(process_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.ok()) return std::nullopt;
  NamespaceSet set;
  for (NamespaceKind kind : kNamespaceKinds) set[kind].inode = ReadNamespaceInode(dir.get(), kind);
  return set;
}

// Ids of namespaces, asked once for each inode of a pass.
class IdReader {
 public:
  // 0 where the kernel has none. Mount namespaces are not opened: who closes the last reference
  // of one unmounts what is in it, and may wait for a dead server for minutes.
  uint64_t Read(int dir, NamespaceKind kind, uint32_t inode) {
    if (kind == NamespaceKind::kMnt || unsupported_) return 0;
    auto [it, is_new] = ids_.try_emplace(std::make_pair(kind, inode), 0);
    if (!is_new) return it->second;
    UniqueFd fd(openat(dir, NamespaceFile(kind), O_RDONLY | O_CLOEXEC));
    __u64 id = 0;
    if (fd.ok() && ioctl(fd.get(), NS_GET_ID, &id) != 0) {
      unsupported_ = errno == ENOTTY || errno == EINVAL;
      id = 0;
    }
    it->second = id;
    return id;
  }

 private:
  bool unsupported_ = false;
  absl::flat_hash_map<std::pair<NamespaceKind, uint32_t>, uint64_t> ids_;
};

void ReadNamespaces(int dir, const NamespaceSet& host, IdReader* ids, NamespaceSet* out) {
  for (NamespaceKind kind : kNamespaceKinds) {
    NamespaceIdentity& identity = (*out)[kind];
    identity.inode = ReadNamespaceInode(dir, kind);
    if (identity.inode == 0 || identity.inode == host[kind].inode) continue;
    identity.id = ids->Read(dir, kind, identity.inode);
  }
}

// nullopt: it ended, or is a kernel thread. A zombie is only counted in `zombies`.
std::optional<HostProcess> ReadProcess(int proc, const NamespaceSet& host, uint32_t pid,
                                       IdReader* ids, std::map<uint32_t, uint32_t>* zombies) {
  UniqueFd dir(openat(proc, std::to_string(pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.ok()) return std::nullopt;
  SmallReader reader;
  const auto stat_text = reader.Read(dir.get(), "stat");
  auto stat = stat_text ? ParseProcStat(*stat_text) : std::nullopt;
  if (!stat || stat->kernel_thread) return std::nullopt;
  if (stat->dead) {
    ++(*zombies)[stat->parent_pid];
    return std::nullopt;
  }
  HostProcess process;
  process.pid = pid;
  process.parent_pid = stat->parent_pid;
  process.start_ticks = stat->start_ticks;
  process.comm = std::move(stat->comm);
  ReadNamespaces(dir.get(), host, ids, &process.namespaces);
  if (const auto text = reader.Read(dir.get(), "cgroup")) process.cgroup = ParseProcCgroup(*text);
  const NamespaceIdentity& pid_ns = process.namespaces[NamespaceKind::kPid];
  if (pid_ns.inode != 0 && pid_ns.inode != host[NamespaceKind::kPid].inode) {
    const auto text = reader.Read(dir.get(), "status");
    const auto status = text ? ParseProcStatus(*text) : std::nullopt;
    if (!status) return std::nullopt;
    process.ns_pid = status->ns_pid;
    process.uid = status->uid;
    return process;
  }
  // status costs as much as all the rest; in the host's pid namespace the owner of the directory
  // is told cheaper.
  struct stat owner{};
  if (fstat(dir.get(), &owner) == 0) process.uid = owner.st_uid;
  return process;
}

HostProcess ToHostProcess(const Process& seen) {
  HostProcess process;
  process.pid = seen.pid;
  process.parent_pid = seen.parent_pid;
  process.ns_pid = seen.ns_pid;
  process.uid = seen.uid;
  process.start_ticks = seen.start_boot_ns / kNsPerTick;
  process.start_boot_ns = seen.start_boot_ns;
  process.comm = seen.comm;
  process.namespaces = seen.namespaces;
  process.place = HostProcess::CgroupPlace{seen.cgroup, seen.cgroup_level};
  return process;
}

std::optional<uint32_t> ParsePid(std::string_view name) {
  uint32_t pid = 0;
  const auto result = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (result.ec != std::errc() || result.ptr != name.data() + name.size()) return std::nullopt;
  return pid;
}

}  // namespace

bool IsKthreadd(const std::string& process_dir) {
  UniqueFd dir(open(process_dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.ok()) return false;
  SmallReader reader;
  const auto text = reader.Read(dir.get(), "stat");
  const auto stat = text ? ParseProcStat(*text) : std::nullopt;
  return stat && stat->kernel_thread && stat->parent_pid == 0;
}

NamespaceSet ReadHostNamespaces(const std::string& proc_root) {
  const std::string kthreadd = proc_root + "/" + std::to_string(kKthreaddPid);
  std::vector<std::string> sources = {proc_root + "/" + std::to_string(kInitPid)};
  if (IsKthreadd(kthreadd)) sources.push_back(kthreadd);
  sources.push_back(proc_root + "/self");
  NamespaceSet host;
  for (const std::string& source : sources) {
    const auto inodes = ReadAllInodes(source);
    if (!inodes) continue;
    for (NamespaceKind kind : kNamespaceKinds) {
      if (host[kind].inode == 0) host[kind].inode = (*inodes)[kind].inode;
    }
  }
  return host;
}

absl::StatusOr<HostScan> ScanProcesses(const std::string& proc_root) {
  HostScan scan;
  scan.host = ReadHostNamespaces(proc_root);
  const std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(proc_root.c_str()), closedir);
  if (listing == nullptr) return ErrnoStatus(errno, proc_root);
  IdReader ids;
  while (const dirent* entry = readdir(listing.get())) {
    const auto pid = ParsePid(entry->d_name);
    if (!pid) continue;
    auto process = ReadProcess(dirfd(listing.get()), scan.host, *pid, &ids, &scan.zombies);
    if (process) scan.processes.push_back(*std::move(process));
  }
  return scan;
}

HostScan ScanOf(absl::Span<const HostTask> tasks, const std::string& proc_root) {
  HostScan scan;
  scan.host = ReadHostNamespaces(proc_root);
  scan.processes.reserve(tasks.size());
  for (const HostTask& task : tasks) {
    if (task.zombie) {
      ++scan.zombies[task.process.parent_pid];
    } else {
      scan.processes.push_back(ToHostProcess(task.process));
    }
  }
  return scan;
}

absl::StatusOr<HostProcess> ScanProcess(const std::string& proc_root, const NamespaceSet& host,
                                        uint32_t pid) {
  UniqueFd proc(open(proc_root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!proc.ok()) return ErrnoStatus(errno, proc_root);
  IdReader ids;
  std::map<uint32_t, uint32_t> zombies;
  auto process = ReadProcess(proc.get(), host, pid, &ids, &zombies);
  if (!process) return absl::NotFoundError("process " + std::to_string(pid) + " ended");
  return *std::move(process);
}

}  // namespace nsobs
