// The stages of the pipeline that commands use by themselves, named so that tests can stand in for
// them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "userspace/event/finding.h"
#include "userspace/main/json_field.h"
#include "userspace/snapshot/snapshotter.h"

namespace nsobs {

struct Stages {
  std::function<absl::StatusOr<std::unique_ptr<Snapshotter>>()> start_snapshotter;
  std::function<std::vector<Finding>(const Json& record)> diagnose;
  std::function<std::vector<std::string>(const Json& record)> checked_cases;
  std::function<Json(const Json& before, const Json& after)> diff;
};

Stages RealStages();

}  // namespace nsobs
