#include "userspace/pipeline/baseline_book.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "userspace/base/clock.h"
#include "userspace/snapshot/diff/record_diff.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

// Processes come and go; what the host has is nobody's baseline.
constexpr std::array<const char*, 4> kSections = {"net", "mnt", "cgroup", "user"};
constexpr std::array<const char*, 2> kNamespaces = {"net", "mnt"};
// What was asked for of the failure at hand, or moves by itself.
constexpr std::array<std::string_view, 4> kLeftOut = {"/net/neighbours", "/net/route_to",
                                                      "/mnt/path", "/mnt/spec_mounts"};
constexpr size_t kMaxRows = 48;
constexpr size_t kMaxValueBytes = 512;
constexpr size_t kMaxTextBytes = 300;

Json ComparedPart(const Json& record) {
  Json out = Json::object();
  for (const char* name : {"net", "mnt", "cgroup", "user", "truncated"}) {
    const auto it = record.find(name);
    if (it != record.end()) out[name] = *it;
  }
  return out;
}

Json InodeOf(const Json& part, const char* name) {
  const auto section = part.find(name);
  if (section == part.end() || !section->is_object()) return nullptr;
  const auto inode = section->find("inode");
  return inode == section->end() ? Json(nullptr) : *inode;
}

bool HasSection(const Json& part) {
  return std::any_of(kSections.begin(), kSections.end(),
                     [&](const char* name) { return part.contains(name); });
}

bool IsLeftOut(const Json& row) {
  const std::string& path = row["path"].get_ref<const std::string&>();
  return std::any_of(kLeftOut.begin(), kLeftOut.end(), [&](std::string_view pointer) {
    return path.starts_with(pointer) &&
           (path.size() == pointer.size() || path[pointer.size()] == '/');
  });
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Cut between characters, for the text goes to people.
std::string Shortened(std::string text) {
  if (text.size() <= kMaxTextBytes) return text;
  size_t size = kMaxTextBytes;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;
  text.resize(size);
  return text + "...";
}

Json Bounded(Json row) {
  for (const char* side : {"before", "after"}) {
    if (row.contains(side) && Dump(row[side]).size() > kMaxValueBytes) row.erase(side);
  }
  row["text"] = Shortened(row["text"].get<std::string>());
  return row;
}

// What went or changed explains more than what is new.
Json BestRows(const Json& rows, bool* cut) {
  Json out = Json::array();
  for (const bool added : {false, true}) {
    for (const Json& row : rows) {
      if ((row["what"] == "added") != added || IsLeftOut(row)) continue;
      if (out.size() >= kMaxRows) {
        *cut = true;
        return out;
      }
      out.push_back(Bounded(row));
    }
  }
  return out;
}

}  // namespace

void BaselineBook::Drop(std::deque<Kept>::iterator it) {
  bytes_ -= it->cbor.size();
  kept_.erase(it);
}

std::shared_ptr<std::atomic<int64_t>> BaselineBook::Keep(const Container& container,
                                                         int64_t wall_ns, int64_t boot_ns,
                                                         const Json& record) {
  auto row = std::make_shared<std::atomic<int64_t>>(0);
  const auto same = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) {
    return k.id == container.id && k.runtime == container.runtime;
  });
  if (same != kept_.end()) Drop(same);
  const Json part = ComparedPart(record);
  if (!HasSection(part)) return row;
  Kept kept{container.runtime,   container.id, container.init, wall_ns, boot_ns,
            Json::to_cbor(part), row};
  if (kept.cbor.size() > limits_.one_bytes) return row;
  bytes_ += kept.cbor.size();
  kept_.push_back(std::move(kept));
  while (kept_.size() > limits_.containers || bytes_ > limits_.bytes) Drop(kept_.begin());
  return row;
}

Json BaselineBook::Compare(const Container& container, const Json& record, bool* cut) const {
  const auto kept = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& k) {
    return k.id == container.id && k.runtime == container.runtime && k.init == container.init;
  });
  Json after = ComparedPart(record);
  if (kept == kept_.end() || !HasSection(after)) return nullptr;
  Json before = Json::from_cbor(kept->cbor, /*strict=*/true, /*allow_exceptions=*/false);
  if (!before.is_object()) return nullptr;
  for (const char* name : kNamespaces) {
    if (InodeOf(before, name) != InodeOf(after, name)) after.erase(name);
  }
  if (!HasSection(after)) return nullptr;
  const int64_t row = kept->row->load();
  return {{"baseline",
           {{"snapshot", row == 0 ? Json(nullptr) : Json(row)},
            {"time", FormatRfc3339(kept->wall_ns)},
            {"boot_ns", kept->boot_ns}}},
          {"rows", BestRows(DiffRecords(before, after), cut)}};
}

}  // namespace nsobs
