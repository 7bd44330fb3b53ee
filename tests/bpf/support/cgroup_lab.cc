#include "tests/bpf/support/cgroup_lab.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/bpf/support/wait.h"
#include "userspace/base/fd.h"

namespace nsobs {
namespace {

struct Mount {
  std::string point, type, options;
};

// "31 23 0:28 / /point rw,relatime - type source options"
bool ParseMount(const std::string& line, Mount* out) {
  std::istringstream words(line);
  std::string word, root;
  for (int i = 0; i < 3; ++i) words >> word;
  words >> root >> out->point;
  while (words >> word && word != "-") continue;
  words >> out->type >> word >> out->options;
  return root == "/" && !out->options.empty();
}

std::string FindMount(bool unified) {
  std::ifstream file("/proc/self/mountinfo");
  std::string line;
  Mount mount;
  while (std::getline(file, line)) {
    if (!ParseMount(line, &mount)) continue;
    if (unified && mount.type == "cgroup2") return mount.point;
    const std::string options = "," + mount.options + ",";
    if (!unified && mount.type == "cgroup" && options.find(",memory,") != std::string::npos) {
      return mount.point;
    }
  }
  return "";
}

uint32_t HierarchyOfMemory() {
  std::ifstream file("/proc/cgroups");
  std::string line;
  unsigned hierarchy = 0;
  while (std::getline(file, line)) {
    if (sscanf(line.c_str(), "memory %u", &hierarchy) == 1) return hierarchy;
  }
  return 0;
}

bool WriteTo(const std::string& path, const std::string& text) {
  UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return fd.ok() && write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

std::string UniqueName() {
  static std::atomic<int> next{0};
  return "nsobs-bpf-" + std::to_string(getpid()) + "-" + std::to_string(next++);
}

}  // namespace

std::string MountOf(Hierarchy hierarchy) {
  const std::string memory = FindMount(/*unified=*/false);
  if (hierarchy == Hierarchy::kMemory && !memory.empty()) return memory;
  return FindMount(/*unified=*/true);
}

void RemoveLeftovers() {
  namespace fs = std::filesystem;
  for (Hierarchy hierarchy : {Hierarchy::kUnified, Hierarchy::kMemory}) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(MountOf(hierarchy), ignored)) {
      int pid = 0;
      const std::string name = entry.path().filename();
      if (sscanf(name.c_str(), "nsobs-bpf-%d-", &pid) != 1 || kill(pid, 0) == 0) continue;
      std::vector<std::string> folders = {entry.path()};
      for (const auto& inner : fs::recursive_directory_iterator(entry.path(), ignored)) {
        if (inner.is_directory(ignored)) folders.push_back(inner.path());
      }
      for (size_t i = folders.size(); i > 0; --i) rmdir(folders[i - 1].c_str());
    }
  }
}

Cgroup::Cgroup(Hierarchy hierarchy, const std::string& name) {
  path_ = "/" + (name.empty() ? UniqueName() : name);
  directory_ = MountOf(hierarchy) + path_;
  const bool v1 = hierarchy == Hierarchy::kMemory && !FindMount(/*unified=*/false).empty();
  key_.hierarchy = v1 ? HierarchyOfMemory() : 0;
  Make();
}

Cgroup::Cgroup(const Cgroup& parent, const std::string& name) : level_(parent.level_ + 1) {
  path_ = parent.path_ + "/" + name;
  directory_ = parent.directory_ + "/" + name;
  key_.hierarchy = parent.key_.hierarchy;
  if (key_.hierarchy == 0) WriteTo(parent.directory_ + "/cgroup.subtree_control", "+memory");
  Make();
}

void Cgroup::Make() {
  struct stat st{};
  made_ = mkdir(directory_.c_str(), 0755) == 0;
  ASSERT_TRUE(made_) << directory_ << ": " << strerror(errno);
  ASSERT_EQ(stat(directory_.c_str(), &st), 0);
  key_.id = st.st_ino;
}

Cgroup::~Cgroup() { Remove(); }

void Cgroup::Remove() {
  if (!made_) return;
  // Its last process may still be on the way out.
  EXPECT_TRUE(WaitUntil([&] { return rmdir(directory_.c_str()) == 0 || errno != EBUSY; }))
      << directory_ << ": " << strerror(errno);
  made_ = false;
}

bool Cgroup::Join() const { return WriteTo(directory_ + "/cgroup.procs", "0"); }

void Cgroup::LimitMemory(uint64_t bytes) const {
  const char* file = key_.hierarchy != 0 ? "/memory.limit_in_bytes" : "/memory.max";
  ASSERT_TRUE(WriteTo(directory_ + file, std::to_string(bytes))) << strerror(errno);
}

}  // namespace nsobs
