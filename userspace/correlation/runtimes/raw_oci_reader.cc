#include "userspace/correlation/runtimes/raw_oci_reader.h"

#include <memory>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/oci_runtime.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxContainers = 4096;

// The annotation that tools which unpack images leave.
constexpr char kImageAnnotation[] = "org.opencontainers.image.ref.name";

class RawOciReader : public RuntimeReader {
 public:
  RawOciReader(const RawOciRuntime& runtime, const RuntimeRoots& roots)
      : runtime_(runtime), roots_(roots.*runtime.roots), files_(roots.files) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (!query.runtime.empty() || !IsSafeFileName(query.id)) return std::nullopt;
    for (const std::string& root : roots_) {
      auto record = Read(root, query.id);
      if (record && !record->of_engine) return record;
    }
    return std::nullopt;
  }

  std::vector<RuntimeRecord> List() override {
    std::vector<RuntimeRecord> records;
    absl::flat_hash_map<std::string, Cached> seen;
    for (const std::string& root : roots_) {
      for (const std::string& id : files_.List(root, kMaxContainers)) {
        const std::string path = root + "/" + id + "/" + runtime_.state_file;
        const auto version = files_.Stat(path);
        if (!version || seen.size() >= kMaxContainers) continue;
        Cached& entry = seen[path];
        auto old = cache_.find(path);
        if (old != cache_.end() && old->second.version == *version) {
          entry = std::move(old->second);
        } else {
          auto record = Read(root, id);
          entry.version = *version;
          entry.record = record ? std::make_unique<RuntimeRecord>(*std::move(record)) : nullptr;
        }
        if (entry.record) records.push_back(*entry.record);
      }
    }
    cache_ = std::move(seen);
    return records;
  }

 private:
  struct Cached {
    FileVersion version;
    std::unique_ptr<RuntimeRecord> record;  // nullptr: not readable
  };

  std::optional<RuntimeRecord> Read(const std::string& root, const std::string& id) const {
    auto state = runtime_.find(files_, {root}, id);
    if (!state) return std::nullopt;
    RuntimeRecord record;
    record.runtime = record.oci_runtime = runtime_.name;
    record.id = id;
    record.name = id;
    record.of_engine = !EngineOf(state->annotations).empty();
    record.created_wall_ns = state->created_wall_ns;
    record.cgroup_paths = std::move(state->cgroup_paths);
    KeepNamingPaths(&record.cgroup_paths);  // it stays in the cache
    record.init_pid = state->init_pid;
    record.init_start_ticks = state->init_start_ticks;
    AddBundle(files_, state->bundle, &record);
    const auto image = state->annotations.find(kImageAnnotation);
    if (image != state->annotations.end()) record.image = image->second;
    record.labels = std::move(state->annotations);
    return record;
  }

  const RawOciRuntime runtime_;
  const std::vector<std::string>& roots_;
  const StateFiles& files_;
  absl::flat_hash_map<std::string, Cached> cache_;  // by path of the state file
};

}  // namespace

std::unique_ptr<RuntimeReader> MakeRawOciReader(const RawOciRuntime& runtime,
                                                const RuntimeRoots& roots) {
  return std::make_unique<RawOciReader>(runtime, roots);
}

}  // namespace nsobs
