#include "userspace/main/stages.h"

#ifdef NSOBS_HAS_DIAGNOSIS
#include "userspace/diagnosis/diagnosis.h"
#endif
#ifdef NSOBS_HAS_SNAPSHOT
#include "userspace/snapshot/diff/record_diff.h"
#endif

namespace nsobs {

// A build without one of the two libraries says so when it is asked for.
Stages RealStages() {
  Stages stages;
#ifdef NSOBS_HAS_SNAPSHOT
  stages.start_snapshotter = [] { return Snapshotter::Start(); };
  stages.diff = [](const Json& before, const Json& after) { return DiffRecords(before, after); };
#else
  stages.start_snapshotter = []() -> absl::StatusOr<std::unique_ptr<Snapshotter>> {
    return absl::UnimplementedError("this build can't look into namespaces");
  };
  stages.diff = [](const Json&, const Json&) { return Json::array(); };
#endif
#ifdef NSOBS_HAS_DIAGNOSIS
  stages.diagnose = [](const Json& record) { return Diagnose(record); };
  stages.checked_cases = [](const Json& record) { return CheckedCases(record); };
#else
  stages.diagnose = [](const Json&) { return std::vector<Finding>(); };
  stages.checked_cases = [](const Json&) { return std::vector<std::string>(); };
#endif
  return stages;
}

}  // namespace nsobs
