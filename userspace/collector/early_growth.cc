#include "userspace/collector/early_growth.h"

#include <utility>

namespace nsobs {

std::vector<RunGrowth> EarlyGrowth::TakeWith(std::vector<RunGrowth> newer) {
  looks_before_ = std::exchange(looks_, {});
  newer.insert(newer.begin(), waiting_.begin(), waiting_.end());
  waiting_.clear();
  return newer;
}

bool EarlyGrowth::Keep(const RunGrowth& growth) {
  const auto before = looks_before_.find(growth.run);
  const int looks = 1 + (before == looks_before_.end() ? 0 : before->second);
  if (patience_ > 0 && looks > patience_) return false;
  looks_[growth.run] = looks;
  waiting_.push_back(growth);
  return true;
}

}  // namespace nsobs
