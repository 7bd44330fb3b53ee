#include "userspace/correlation/runtimes/nspawn.h"

#include <map>
#include <string>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/correlation/cgroup_path.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

constexpr size_t kMachineCap = 64 << 10;

// KEY=VALUE lines; values without quotation marks, as machined writes those that are used here.
std::map<std::string, std::string> ParseAssignments(const std::string& text) {
  std::map<std::string, std::string> values;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits('=', 1));
    values.emplace(std::string(parts.first), std::string(parts.second));
  }
  return values;
}

class NspawnReader : public RuntimeReader {
 public:
  explicit NspawnReader(const RuntimeRoots& roots) : roots_(roots) {}

  std::optional<RuntimeRecord> Find(const RuntimeQuery& query) override {
    if (query.runtime != "nspawn" || !IsSafeFileName(query.id)) return std::nullopt;
    for (const std::string& root : roots_.nspawn) {
      const auto file = roots_.files.Read(root + "/" + query.id, kMachineCap);
      if (!file) continue;
      auto values = ParseAssignments(file->text);
      // Virtual machines register, too.
      if (values["NAME"] != query.id || values["CLASS"] != "container") continue;
      RuntimeRecord record;
      record.runtime = "nspawn";
      record.id = record.name = query.id;
      if (!absl::SimpleAtoi(values["LEADER"], &record.init_pid)) record.init_pid = 0;
      int64_t created_us = 0;
      if (absl::SimpleAtoi(values["REALTIME"], &created_us) && created_us > 0 &&
          created_us < INT64_MAX / 1000) {
        record.created_wall_ns = created_us * 1000;
      }
      return record;
    }
    return std::nullopt;
  }

 private:
  const RuntimeRoots& roots_;
};

}  // namespace

std::unique_ptr<RuntimeReader> MakeNspawnReader(const RuntimeRoots& roots) {
  return std::make_unique<NspawnReader>(roots);
}

}  // namespace nsobs
