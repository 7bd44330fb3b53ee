#include "userspace/correlation/runtimes/lxc.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/json_util.h"
#include "userspace/correlation/runtimes/oci_state.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxLines = 4096;

std::string_view Strip(std::string_view text) {
  const absl::string_view stripped =
      absl::StripAsciiWhitespace(absl::string_view(text.data(), text.size()));
  return {stripped.data(), stripped.size()};
}

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty() && lines.size() < kMaxLines) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// What lxc-create notes in a comment: "# Parameters passed to the template: --dist debian
// --release bookworm --arch amd64" (lxc-download).
void TakeTemplate(std::string_view line, RuntimeRecord* record) {
  constexpr std::string_view kParameters = "# Parameters passed to the template:";
  if (!line.starts_with(kParameters)) return;
  line.remove_prefix(kParameters.size());
  const std::vector<std::string> words =
      absl::StrSplit(absl::string_view(line.data(), line.size()), ' ', absl::SkipEmpty());
  std::string dist, release;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--dist" || words[i] == "-d") dist = words[i + 1];
    if (words[i] == "--release" || words[i] == "-r") release = words[i + 1];
  }
  if (!dist.empty() && !release.empty()) record->image = (dist + "/" + release).substr(0, 256);
}

// "key = value", lxc.container.conf(5). LXC has no labels but lxc.group.
void TakeConfig(std::string_view text, RuntimeRecord* record) {
  std::string groups;
  for (std::string_view line : Lines(text)) {
    TakeTemplate(line, record);
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || line.starts_with('#')) continue;
    if (Strip(line.substr(0, equals)) != "lxc.group") continue;
    if (!groups.empty()) groups += ",";
    groups += Strip(line.substr(equals + 1));
  }
  if (!groups.empty()) record->labels.emplace("lxc.group", groups.substr(0, kMaxLabelBytes));
}

// "  image.os: Debian" among the lines of a backup.yaml. Only plain scalars are understood.
void TakeBackup(std::string_view text, RuntimeRecord* record) {
  for (std::string_view line : Lines(text)) {
    std::string_view rest = Strip(line);
    const size_t colon = rest.find(": ");
    if (colon == std::string_view::npos) continue;
    const std::string_view key = rest.substr(0, colon);
    std::string_view value = Strip(rest.substr(colon + 2));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
      value = value.substr(1, value.size() - 2);
    }
    if (value.size() > kMaxLabelBytes) continue;
    if (key == "image.description" && !record->image) record->image = std::string(value);
    if (key == "created_at" && record->created_wall_ns == 0) {
      record->created_wall_ns = ParseCreated(value);
    }
    if (key.starts_with("user.") && record->labels.size() < kMaxLabels) {
      record->labels.emplace(std::string(key.substr(0, kMaxLabelBytes)), std::string(value));
    }
  }
}

// LXC adds "-1", "-2", ... to the name of a cgroup that is there already (cgfsng.c).
std::string WithoutSuffix(const std::string& name) {
  const size_t dash = name.rfind('-');
  if (dash == std::string::npos || dash == 0 || dash + 1 == name.size()) return "";
  const bool digits = std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dash) + 1, name.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  return digits ? name.substr(0, dash) : "";
}

class LxcReader : public RuntimeReader {
 public:
  explicit LxcReader(const RuntimeRoots& roots) : roots_(roots) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (query.runtime != "lxc" || !IsSafeFileName(query.id)) return std::nullopt;
    if (auto record = FindNamed(query.id)) return record;
    const std::string base = WithoutSuffix(query.id);
    auto record = base.empty() ? std::nullopt : FindNamed(base);
    if (record) record->id = query.id;
    return record;
  }

 private:
  // Two of the same name in two directories can't be told apart by it: neither is taken.
  std::optional<RuntimeRecord> FindNamed(const std::string& name) const {
    std::optional<RuntimeRecord> found;
    for (const std::string& directory : roots_.lxc) {
      auto record = FindIn(directory, name);
      if (record && found) return std::nullopt;
      if (record) found = std::move(record);
    }
    return found;
  }

  std::optional<RuntimeRecord> FindIn(const std::string& directory, const std::string& name) const {
    RuntimeRecord record;
    record.runtime = LxcRuntimeOf(directory);
    record.id = record.name = name;
    for (const char* file : {"config", "backup.yaml"}) {
      const std::string path = directory + "/" + name + "/" + file;
      const auto text = roots_.files.Read(path);
      if (!text) continue;
      if (std::string_view(file) == "config") {
        TakeConfig(text->text, &record);
      } else {
        TakeBackup(text->text, &record);
      }
      record.name_file = path;
      record.name_file_version = text->version;
      return record;
    }
    return std::nullopt;
  }

  const RuntimeRoots& roots_;
};

}  // namespace

std::string LxcRuntimeOf(std::string_view lxcpath) {
  for (const char* name : {"incus", "lxd"}) {
    const std::string ending = std::string("/") + name + "/containers";
    if (lxcpath.ends_with(ending)) return name;
  }
  return "lxc";
}

std::unique_ptr<RuntimeReader> MakeLxcReader(const RuntimeRoots& roots) {
  return std::make_unique<LxcReader>(roots);
}

}  // namespace nsobs
