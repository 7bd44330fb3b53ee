#include "userspace/snapshot/frames.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr int kMaxJsonDepth = 32;
// The keys of a record in the order of event/SNAPSHOT.md.
constexpr std::array kOrder = {"target", "net", "host_net", "peer_nets", "mnt", "pid",
                               "cgroup", "uts", "ipc",      "timens",    "user"};

std::string Dump(const SectionJson& value) {
  return value.dump(-1, ' ', false, SectionJson::error_handler_t::replace);
}

const SectionJson& Find(const SectionJson& object, const char* key) {
  static const SectionJson kNull;
  const auto it = object.is_object() ? object.find(key) : object.end();
  return it == object.end() ? kNull : *it;
}

// The row of the same namespace; null if there is none.
SectionJson* SameInode(const SectionJson& row, SectionJson* rows) {
  const SectionJson& inode = Find(row, "inode");
  if (!inode.is_number()) return nullptr;
  for (SectionJson& known : *rows)
    if (Find(known, "inode") == inode) return &known;
  return nullptr;
}

// Objects become one; a row of a namespace that is there already is more of that row.
void Merge(SectionJson part, SectionJson* whole) {
  if (part.is_object() && whole->is_object()) {
    for (auto& [key, value] : part.items()) (*whole)[key] = std::move(value);
  } else if (part.is_array() && whole->is_array()) {
    for (SectionJson& value : part) {
      SectionJson* known = SameInode(value, whole);
      if (known == nullptr) {
        whole->push_back(std::move(value));
      } else {
        Merge(std::move(value), known);
      }
    }
  } else {
    *whole = std::move(part);
  }
}

class Gatherer {
 public:
  void Line(std::string_view line) {
    // Deeper than we write: whoever wrote it, it would recurse as deep where it is printed.
    const auto shallow = [](int depth, SectionJson::parse_event_t, SectionJson&) {
      return depth <= kMaxJsonDepth;
    };
    SectionJson frame = SectionJson::parse(line, shallow, /*allow_exceptions=*/false);
    const SectionJson* key = frame.is_object() ? &Find(frame, "key") : nullptr;
    if (key == nullptr || !key->is_string()) return;
    const std::string name = key->get<std::string>();
    if (name == "end") {
      out_.complete = true;
    } else if (name == "status") {
      TakeStatus(frame);
    } else if (std::find(kOrder.begin(), kOrder.end(), name) != kOrder.end()) {
      out_.last = name;
      Merge(std::move(frame["value"]), &parts_[name]);
      TakeNotes(frame);
    }
  }

  Gathered Take() {
    for (const char* key : kOrder)
      if (parts_.contains(key)) out_.record[key] = std::move(parts_[key]);
    out_.record["errors"] = std::move(errors_);
    out_.record["truncated"] = std::move(truncated_);
    return std::move(out_);
  }

 private:
  void TakeStatus(const SectionJson& frame) {
    const SectionJson &code = Find(frame, "code"), &message = Find(frame, "message");
    if (code.is_number_integer() && message.is_string())
      out_.status =
          absl::Status(static_cast<absl::StatusCode>(code.get<int>()), message.get<std::string>());
  }

  void TakeNotes(const SectionJson& frame) {
    if (const SectionJson& errors = Find(frame, "errors"); errors.is_array())
      for (const SectionJson& error : errors)
        if (error.is_array() && error.size() == 2)
          errors_.push_back({{"section", error[0]}, {"what", error[1]}});
    if (const SectionJson& truncated = Find(frame, "truncated"); truncated.is_array())
      for (const SectionJson& pointer : truncated)
        if (std::find(truncated_.begin(), truncated_.end(), pointer) == truncated_.end())
          truncated_.push_back(pointer);
  }

  Gathered out_;
  SectionJson parts_ = SectionJson::object();
  SectionJson errors_ = SectionJson::array(), truncated_ = SectionJson::array();
};

}  // namespace

void FrameWriter::Write(const SectionJson& frame) {
  const std::string text = Dump(frame) + "\n";
  size_t done = 0;
  while (done < text.size()) {
    const ssize_t size = write(fd_, text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) _exit(3);  // nobody reads any more
    done += static_cast<size_t>(size);
  }
}

void FrameWriter::Section(std::string_view key, const SectionJson& value, const ReadNotes& notes) {
  SectionJson frame = {{"key", key}, {"value", value}};
  for (const auto& [section, what] : notes.errors())
    frame["errors"].push_back(SectionJson::array({section, ToUtf8(what)}));
  for (const std::string& pointer : notes.truncated()) frame["truncated"].push_back(pointer);
  Write(frame);
}

void FrameWriter::Status(const absl::Status& status) {
  Write({{"key", "status"},
         {"code", static_cast<int>(status.code())},
         {"message", ToUtf8(std::string(status.message()))}});
}

void FrameWriter::End() { Write({{"key", "end"}}); }

Gathered GatherFrames(std::string_view bytes) {
  Gatherer gatherer;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    if (end == std::string_view::npos) break;  // the child ended within a line
    gatherer.Line(bytes.substr(0, end));
    bytes.remove_prefix(end + 1);
  }
  return gatherer.Take();
}

}  // namespace nsobs
