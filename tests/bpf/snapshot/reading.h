// A target and the notes of one reading.
#pragma once

#include <string>

#include "absl/time/clock.h"
#include "tests/bpf/snapshot/contained.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

struct Reading {
  explicit Reading(const Contained& contained) {
    target.pid = contained.pid();
    target.root_fd = contained.root_fd();
    target.request = &request;
    target.deadline = absl::Now() + absl::Seconds(20);
  }
  SectionJson Run(void (*reader)(const Target&, SectionJson*, ReadNotes*)) {
    SectionJson out = SectionJson::object();
    reader(target, &out, &notes);
    return out;
  }
  // One line each, for failure messages and matchers.
  std::string Errors() const {
    std::string all;
    for (const auto& [section, what] : notes.errors()) all += section + ": " + what + "\n";
    return all;
  }

  SnapshotRequest request;
  Target target;
  ReadNotes notes;
};

// The row of a list whose `key` has this value; null if there is none.
template <typename T>
SectionJson RowWhere(const SectionJson& list, const char* key, const T& value) {
  SectionJson found;
  for (const SectionJson& row : list) {
    if (row.contains(key) && row[key] == value) found = row;
  }
  return found;
}

}  // namespace nsobs
