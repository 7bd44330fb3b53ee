#include "userspace/main/stages.h"

#include "userspace/diagnosis/diagnosis.h"
#include "userspace/snapshot/diff/record_diff.h"

namespace nsobs {

Stages RealStages() {
  Stages stages;
  stages.start_snapshotter = [] { return Snapshotter::Start(); };
  stages.diff = [](const Json& before, const Json& after) { return DiffRecords(before, after); };
  stages.diagnose = [](const Json& record) { return Diagnose(record); };
  stages.checked_cases = [](const Json& record) { return CheckedCases(record); };
  return stages;
}

}  // namespace nsobs
