#include "userspace/diagnosis/cases/file_facts.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// DETAIL of the process that failed; its container's init does for it when it has gone.
Node DetailOf(const Record& record) {
  const Node process = record["pid"]["process"];
  return process.exists() ? process : record["pid"]["init"];
}

std::optional<int64_t> UidOf(const Record& record) {
  const std::optional<int64_t> uid = record.process()["uid"].number();
  return uid                                        ? uid
         : DetailOf(record)["uids"].items().empty() ? std::nullopt
                                                    : DetailOf(record)["uids"].items()[0].number();
}

std::optional<int> ModeBits(const Node& path) {
  const std::string text = path["mode"].text();
  int mode = 0;
  if (text.empty() || text.size() > 6) return std::nullopt;
  for (char c : text) {
    if (c < '0' || c > '7') return std::nullopt;
    mode = mode * 8 + (c - '0');
  }
  return mode;
}

}  // namespace

std::optional<Failure> FileFailure(const Record& record) {
  std::optional<Failure> f = record.failure();
  if (!f || f->path.empty() || !f->protocol.empty()) return std::nullopt;
  return f;
}

std::string OperationOf(const Failure& failure) { return failure.node["operation"].text(); }

Node PathNode(const Record& record, std::string_view path) {
  const Node node = record["mnt"]["path"];
  return !node["path"].exists() || node["path"].Is(path) ? node : Node();
}

bool IsBelow(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  if (folder.empty() || !path.starts_with(folder)) return false;
  return path.size() == folder.size() || path[folder.size()] == '/';
}

Node MountOf(const Record& record, std::string_view path) {
  const Node known = PathNode(record, path)["mount_point"];
  Node best;
  size_t length = 0;
  for (const Node& mount : record["mnt"]["mounts"].items()) {
    const std::string point = mount["mount_point"].text();
    const bool fits = known.exists() ? point == known.text() : IsBelow(path, point);
    if (!fits || point.size() < length) continue;
    best = mount;
    length = point.size();
  }
  return best;
}

Node SpecMountOf(const Record& record, std::string_view path) {
  Node best;
  size_t length = 0;
  for (const Node& mount : record["mnt"]["spec_mounts"].items()) {
    const std::string destination = mount["destination"].text();
    if (!IsBelow(path, destination) || destination.size() < length) continue;
    best = mount;
    length = destination.size();
  }
  return best;
}

std::optional<int64_t> Inside(const Node& map, int64_t outside) {
  for (const Node& line : map.items()) {
    const std::optional<int64_t> inside = line["inside"].number(), from = line["outside"].number(),
                                 count = line["count"].number();
    if (!inside || !from || !count || *from < 0 || outside < *from) continue;
    if (outside - *from < *count && *inside >= 0 && *inside <= UINT32_MAX) {
      return *inside + (outside - *from);
    }
  }
  return std::nullopt;
}

std::string UidText(const Node& map, int64_t outside) {
  const std::optional<int64_t> inside = Inside(map, outside);
  if (map.size() > 0 && !inside) {
    return absl::StrCat("uid ", outside, " of the host (not in the uid map)");
  }
  if (!inside || *inside == outside) return absl::StrCat("uid ", outside);
  return absl::StrCat("uid ", *inside, " (", outside, " of the host)");
}

std::optional<Access> AccessOf(const Record& record, const Node& path, int wants) {
  const std::optional<int> mode = ModeBits(path);
  const std::optional<int64_t> uid = UidOf(record);
  const std::optional<int64_t> owner = path["uid"].number();
  if (!mode || !uid || !owner || *owner < 0 || *uid < 0) return std::nullopt;
  const Node map = record["user"]["uid_map"];
  // The override holds for files whose owner the user namespace knows.
  const bool mapped = map.size() == 0 || Inside(map, *owner).has_value();
  if (mapped && HasCapability(record, "dac_override")) return Access{};
  const int other = *mode & 7, group = *mode >> 3 & 7, user = *mode >> 6 & 7;
  const bool is_owner = *uid == *owner;
  if (((is_owner ? user : other) & wants) == wants) return Access{};
  return Access{
      false, is_owner || (group & wants) != wants,
      absl::StrCat("its mode is ", OneLine(path["mode"].text()), ", its owner ",
                   UidText(map, *owner), ", and the process runs as ", UidText(map, *uid))};
}

int WantedBits(const Failure& failure) {
  constexpr int64_t kAccessMode = 3, kReadOnly = 0;  // of O_*
  if (OperationOf(failure) != "open") return 2;
  const std::optional<int64_t> flags = failure.node["flags"].number();
  return flags && (*flags & kAccessMode) != kReadOnly ? 2 : 4;
}

bool HasCapability(const Record& record, std::string_view capability) {
  return DetailOf(record)["capabilities"]["effective"].Has(capability);
}

bool CapabilitiesKnown(const Record& record) {
  return DetailOf(record)["capabilities"]["effective"].is_array();
}

}  // namespace nsobs
