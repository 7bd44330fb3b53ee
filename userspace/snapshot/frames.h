// What a child writes: one JSON object a line, each with a part of the record.
//
//   {"key": "net", "value": {...}, "errors": [[section, what]...], "truncated": [pointer...]}
//   {"key": "status", "code": 5, "message": "..."}      it could not begin
//   {"key": "end"}                                      all was said
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

class FrameWriter {
 public:
  explicit FrameWriter(int fd) : fd_(fd) {}  // not owned

  // `key`: a section, or "target". An object is merged into what came before under this key, an
  // array is appended to it.
  void Section(std::string_view key, const SectionJson& value, const ReadNotes& notes);
  void Status(const absl::Status& status);
  void End();

 private:
  void Write(const SectionJson& frame);
  int fd_;
};

// All that was read from a child, put together. Pure.
struct Gathered {
  SectionJson record = SectionJson::object();  // with "errors" and "truncated"
  absl::Status status;                         // of the child's beginning
  bool complete = false;                       // "end" was seen
  std::string last;                            // key of the last part
};
Gathered GatherFrames(std::string_view bytes);

// Makes record.dump() fit into `max_bytes`: what explains least is cut first and named in
// "truncated". Pure.
void FitRecord(uint64_t max_bytes, SectionJson* record);

}  // namespace nsobs
