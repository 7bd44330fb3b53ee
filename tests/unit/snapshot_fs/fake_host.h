// A folder that stands for a host's procfs and cgroupfs, and a target in it.
#pragma once

#include <string>
#include <vector>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

class FakeHost {
 public:
  FakeHost();
  ~FakeHost();  // removes the folder
  FakeHost(const FakeHost&) = delete;
  FakeHost& operator=(const FakeHost&) = delete;

  // Folders on the way are made.
  void Write(const std::string& path, const std::string& content) const;
  void Link(const std::string& path, const std::string& target) const;
  void MakeFolder(const std::string& path) const;

  // /proc/PID with stat, status and the links of its namespaces ("pid:[NUMBER]" for all kinds).
  struct Process {
    uint32_t pid = 0;
    uint32_t parent = 1;
    std::string comm = "app";
    char state = 'S';
    uint32_t ns_inode = 0;  // 0: unreadable, as those of a zombie
    uint32_t ns_pid = 1;
  };
  void Add(const Process& process) const;

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  const std::string& folder() const { return folder_; }

  // proc_root is <folder>/proc.
  Target TargetOf(uint32_t pid) const;
  SnapshotRequest& request() { return request_; }

 private:
  std::string folder_;
  SnapshotRequest request_;
};

// The JSON as text: parsed with strict UTF-8, so invalid bytes fail the test.
std::string Dump(const SectionJson& json);
std::vector<std::string> ErrorTexts(const ReadNotes& notes);

}  // namespace nsobs
