// The readers of a record's sections. They run in the short-lived child of the helper, with one
// thread, after it has entered the target's net namespace, under Landlock and seccomp: they may
// open files to read, and no more (see sandbox.h). No NSS, dlopen, iconv or locale.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "userspace/snapshot/request.h"

namespace nsobs {

// What a reader may use: a bounded view of one target. One thread, inside the short-lived child.
struct Target {
  std::string proc_root = "/proc";           // of the host; its magic was checked
  uint32_t pid = 0;                          // 0: there is no process
  int root_fd = -1;                          // O_PATH of /proc/PID/root, -1: none
  const SnapshotRequest* request = nullptr;  // never null in a reader
  absl::Time deadline;                       // a reader that comes near stops and says so
};

using SectionJson = nlohmann::ordered_json;

// What could not be read or was cut, for the record's `errors` and `truncated`.
class ReadNotes {
 public:
  // `section` is the record's key ("net"), `what` one line for people; raw bytes are fine.
  void Error(std::string section, std::string what) {
    if (errors_.size() < kMaxNotes) errors_.emplace_back(std::move(section), std::move(what));
  }
  // `pointer` names the list that was cut, e.g. "/net/routes".
  void Truncated(std::string pointer) {
    if (truncated_.size() < kMaxNotes) truncated_.push_back(std::move(pointer));
  }

  const std::vector<std::pair<std::string, std::string>>& errors() const { return errors_; }
  const std::vector<std::string>& truncated() const { return truncated_; }

 private:
  static constexpr size_t kMaxNotes = 128;
  std::vector<std::pair<std::string, std::string>> errors_;
  std::vector<std::string> truncated_;
};

// Each fills *out, an empty object, as event/SNAPSHOT.md describes. What can't be read is left out,
// with a line in *notes. All strings come out as valid UTF-8.
void ReadNet(const Target& target, SectionJson* out, ReadNotes* notes);
void ReadMnt(const Target& target, SectionJson* out, ReadNotes* notes);
void ReadPid(const Target& target, SectionJson* out, ReadNotes* notes);
void ReadCgroup(const Target& target, SectionJson* out, ReadNotes* notes);
void ReadUts(const Target& target, SectionJson* out, ReadNotes* notes);
void ReadIpc(const Target& target, SectionJson* out, ReadNotes* notes);
void ReadTimens(const Target& target, SectionJson* out, ReadNotes* notes);
void ReadUser(const Target& target, SectionJson* out, ReadNotes* notes);

}  // namespace nsobs
