#include "tests/unit/snapshot_fs/fake_host.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {

namespace fs = std::filesystem;

FakeHost::FakeHost() {
  char path[] = "/tmp/nsobs-fake-XXXXXX";
  if (mkdtemp(path) == nullptr) abort();
  folder_ = path;
}

FakeHost::~FakeHost() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void FakeHost::MakeFolder(const std::string& path) const { fs::create_directories(Path(path)); }

void FakeHost::Write(const std::string& path, const std::string& content) const {
  fs::create_directories(fs::path(Path(path)).parent_path());
  std::ofstream(Path(path), std::ios::binary) << content;
}

void FakeHost::Link(const std::string& path, const std::string& target) const {
  fs::create_directories(fs::path(Path(path)).parent_path());
  fs::create_symlink(target, Path(path));
}

void FakeHost::Add(const Process& p) const {
  const std::string at = absl::StrCat("proc/", p.pid, "/");
  Write(at + "stat", absl::StrCat(p.pid, " (", p.comm, ") ", std::string(1, p.state), " ", p.parent,
                                  " 7 8 0 -1 4194304 102 0 0 0 0 0 0 0 20 0 2 0 500 3133440\n"));
  Write(at + "status", absl::StrCat("Name:\t", p.comm, "\nUid:\t1000\t1000\t1000\t1000\n",
                                    "Gid:\t5\t5\t5\t5\nNSpid:\t", p.pid, "\t", p.ns_pid, "\n"));
  if (p.ns_inode == 0) return;
  for (const NamespaceKind kind : kNamespaceKinds) {
    Link(absl::StrCat(at, "ns/", Name(kind).data()),
         absl::StrCat(Name(kind).data(), ":[", p.ns_inode, "]"));
  }
}

Target FakeHost::TargetOf(uint32_t pid) const {
  Target target;
  target.proc_root = Path("proc");
  target.pid = pid;
  target.request = &request_;
  target.deadline = absl::Now() + absl::Seconds(30);
  return target;
}

std::string Dump(const SectionJson& json) { return json.dump(); }

std::vector<std::string> ErrorTexts(const ReadNotes& notes) {
  std::vector<std::string> out;
  for (const auto& [section, what] : notes.errors()) out.push_back(section + ": " + what);
  return out;
}

}  // namespace nsobs
