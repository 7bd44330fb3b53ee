#include "userspace/correlation/runtimes/runsc.h"

#include <utility>

#include "absl/container/flat_hash_map.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/json_util.h"
#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/oci_state.h"

namespace nsobs {
namespace {

constexpr size_t kMaxEntries = 4096;
constexpr size_t kCgroupPathCap = 4096;
constexpr std::string_view kMiddle = "_sandbox:";
constexpr std::string_view kEnding = ".state";

// {"cgroupv1": {"name": "/a/b"}} or {"cgroupv2": {"path": "/a/b"}}
void TakeCgroup(const nlohmann::json& cgroup, RuntimeRecord* record) {
  const std::string v1 = StringAt(ObjectAt(cgroup, "cgroupv1"), "name", kCgroupPathCap);
  const std::string v2 = StringAt(ObjectAt(cgroup, "cgroupv2"), "path", kCgroupPathCap);
  if (v1.starts_with('/')) record->cgroup_paths = {{"memory", v1}};
  if (v2.starts_with('/')) record->cgroup_paths = {{"", v2}};
}

// "<id>_sandbox:<sandbox id>.state" -> "<id>"; "" for any other file.
std::string IdOfFile(std::string_view name) {
  const size_t middle = name.find(kMiddle);
  if (middle == std::string_view::npos || !name.ends_with(kEnding)) return "";
  return std::string(name.substr(0, middle));
}

class RunscReader : public RuntimeReader {
 public:
  explicit RunscReader(const RuntimeRoots& roots) : roots_(roots) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (!query.runtime.empty() || !IsSafeFileName(query.id)) return std::nullopt;
    for (const std::string& root : roots_.runsc) {
      for (const std::string& name : roots_.files.List(root, kMaxEntries)) {
        if (IdOfFile(name) != query.id) continue;
        auto record = Read(root + "/" + name, query.id);
        if (record && !record->of_engine) return record;
      }
    }
    return std::nullopt;
  }

  std::vector<RuntimeRecord> List() override {
    std::vector<RuntimeRecord> records;
    absl::flat_hash_map<std::string, Cached> seen;
    for (const std::string& root : roots_.runsc) {
      for (const std::string& name : roots_.files.List(root, kMaxEntries)) {
        const std::string id = IdOfFile(name);
        const std::string path = root + "/" + name;
        const auto version = id.empty() ? std::nullopt : roots_.files.Stat(path);
        if (!version || seen.size() >= kMaxEntries) continue;
        Cached& entry = seen[path];
        const auto old = cache_.find(path);
        const bool same = old != cache_.end() && old->second.version == *version;
        entry = same ? std::move(old->second) : Cached{*version, Read(path, id)};
        if (entry.record) records.push_back(*entry.record);
      }
    }
    cache_ = std::move(seen);
    return records;
  }

 private:
  struct Cached {
    FileVersion version;
    std::optional<RuntimeRecord> record;
  };

  std::optional<RuntimeRecord> Read(const std::string& path, const std::string& id) const {
    const auto file = roots_.files.Read(path);
    auto record = file ? ParseRunscState(file->text) : std::nullopt;
    if (record && record->id != id) return std::nullopt;
    return record;
  }

  const RuntimeRoots& roots_;
  absl::flat_hash_map<std::string, Cached> cache_;  // by path
};

}  // namespace

std::optional<RuntimeRecord> ParseRunscState(std::string_view text) {
  const auto json = ParseObject(text);
  if (!json) return std::nullopt;
  RuntimeRecord record;
  record.runtime = record.oci_runtime = "runsc";
  record.id = record.name = StringAt(*json, "id");
  if (record.id.empty()) return std::nullopt;
  record.created_wall_ns = ParseCreated(StringAt(*json, "createdAt"));
  const auto& sandbox = ObjectAt(*json, "sandbox");
  // In the host's pid namespace: of the sandbox, which stands for all programs inside.
  record.init_pid = PidAt(sandbox, "pid");
  TakeCgroup(ObjectAt(sandbox, "cgroup"), &record);
  record.labels = AnnotationsOf(ObjectAt(*json, "spec"));
  record.of_engine = !EngineOf(record.labels).empty();
  return record;
}

std::unique_ptr<RuntimeReader> MakeRunscReader(const RuntimeRoots& roots) {
  return std::make_unique<RunscReader>(roots);
}

}  // namespace nsobs
