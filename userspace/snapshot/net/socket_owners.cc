#include "userspace/snapshot/net/socket_owners.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <memory>
#include <unordered_map>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/bounded_read.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxProcesses = 256;
constexpr size_t kMaxDescriptors = 4096;
constexpr size_t kMaxLookedAt = 32'768;  // processes of the host whose namespaces are compared

std::string LinkText(int directory, const std::string& name) {
  char text[256];
  const ssize_t size = readlinkat(directory, name.c_str(), text, sizeof text);
  return size <= 0 ? "" : std::string(text, static_cast<size_t>(size));
}

// "NSpid:\t4711\t1": proc_pid_status(5); the last is the innermost.
uint32_t InnermostPid(const std::string& status) {
  const size_t at = status.find("\nNSpid:");
  if (at == std::string::npos) return 0;
  const std::string line = status.substr(at + 7, status.find('\n', at + 1) - at - 7);
  const size_t tab = line.rfind('\t');
  uint32_t pid = 0;
  if (tab == std::string::npos || !absl::SimpleAtoi(line.substr(tab + 1), &pid)) return 0;
  return pid;
}

class OwnerScan {
 public:
  OwnerScan(const NetContext& context, SectionJson* listeners)
      : context_(context), listeners_(listeners) {
    for (size_t i = 0; i < listeners->size(); ++i)
      wanted_[absl::StrCat("socket:[", (*listeners)[i]["inode"].get<uint64_t>(), "]")].push_back(i);
  }

  void Run(uint32_t pid) {
    const std::string& root = context_.target->proc_root;
    const std::string own = absl::StrCat(root, "/", pid);
    pid_link_ = LinkText(AT_FDCWD, own + "/ns/pid");
    net_link_ = LinkText(AT_FDCWD, own + "/ns/net");
    if (pid_link_.empty() && net_link_.empty()) return;
    Look(pid);
    const Directory proc(opendir(root.c_str()));
    size_t seen = 0;
    while (proc != nullptr && !wanted_.empty()) {
      const dirent* entry = readdir(proc.get());
      if (entry == nullptr) return;
      uint32_t other = 0;
      if (!absl::SimpleAtoi(entry->d_name, &other) || other == pid) continue;
      if (++seen > kMaxLookedAt || processes_ >= kMaxProcesses || descriptors_ >= kMaxDescriptors ||
          absl::Now() >= context_.target->deadline) {
        context_.notes->Error(context_.section, "owners of sockets: not all processes looked at");
        return;
      }
      if (LivesThere(other)) Look(other);
    }
  }

 private:
  bool LivesThere(uint32_t pid) const {
    const std::string own = absl::StrCat(context_.target->proc_root, "/", pid);
    return LinkText(AT_FDCWD, own + "/ns/net") == net_link_ ||
           LinkText(AT_FDCWD, own + "/ns/pid") == pid_link_;
  }

  void Look(uint32_t pid) {
    ++processes_;
    const std::string own = absl::StrCat(context_.target->proc_root, "/", pid);
    const Directory fds(opendir((own + "/fd").c_str()));
    if (fds == nullptr) return;
    while (!wanted_.empty() && descriptors_ < kMaxDescriptors) {
      const dirent* entry = readdir(fds.get());
      if (entry == nullptr) return;
      if (entry->d_name[0] == '.') continue;
      ++descriptors_;
      const auto it = wanted_.find(LinkText(dirfd(fds.get()), entry->d_name));
      if (it == wanted_.end()) continue;
      const SectionJson process = Describe(pid);
      for (const size_t index : it->second) (*listeners_)[index]["process"] = process;
      wanted_.erase(it);
    }
  }

  SectionJson Describe(uint32_t pid) const {
    const std::string own = absl::StrCat(context_.target->proc_root, "/", pid);
    std::string comm = ReadProcText(own + "/comm", 4096).value_or("");
    if (!comm.empty() && comm.back() == '\n') comm.pop_back();
    SectionJson process;
    process["pid"] = pid;
    process["comm"] = ToUtf8(comm);
    process["ns_pid"] = InnermostPid(ReadProcText(own + "/status").value_or(""));
    return process;
  }

  const NetContext& context_;
  SectionJson* listeners_;
  std::unordered_map<std::string, std::vector<size_t>> wanted_;  // link text -> listeners
  std::string pid_link_, net_link_;
  size_t processes_ = 0, descriptors_ = 0;
};

}  // namespace

void NameSocketOwners(const NetContext& context, uint32_t pid, SectionJson* listeners) {
  if (pid == 0 || listeners->empty()) return;
  OwnerScan(context, listeners).Run(pid);
}

}  // namespace nsobs
