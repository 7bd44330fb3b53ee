#include "userspace/budget/governor.h"

#include <algorithm>

namespace nsobs {
namespace {

constexpr double kClearlyBelow = 0.7;  // of the limit
constexpr int kMostPatience = 16;
// What a bulk event costs from ring to disk, roughly: between 10 us (thousands at once) and 50 us.
constexpr double kSecondsOfOne = 20e-6;
// What shedding has to save, of the limit: else what costs so much is something else.
constexpr double kWorthIt = 0.25;

}  // namespace

// What lies before the window goes, but for the one that it began at.
void Governor::Forget(absl::Duration now) {
  while (samples_.size() > 2 && now - samples_[1].time >= options_.window) samples_.pop_front();
}

// From the newest sample that is at least so old, or from the first.
Governor::Cost Governor::CostSince(absl::Duration age) const {
  const CostSample& last = samples_.back();
  size_t from = samples_.size() - 1;
  while (from > 0 && last.time - samples_[from].time < age) --from;
  const CostSample& first = samples_[from];
  const double seconds = absl::ToDoubleSeconds(last.time - first.time);
  if (seconds <= 0) return {};
  Cost cost;
  cost.processes = absl::ToDoubleSeconds(last.processes - first.processes) / seconds;
  cost.bulk_per_second = static_cast<double>(last.bulk_records - first.bulk_records) / seconds;
  for (size_t i = from + 1; i < samples_.size(); ++i) cost.programs += samples_[i].programs;
  cost.programs /= static_cast<double>(samples_.size() - from - 1);
  return cost;
}

int Governor::Decide(absl::Duration now) {
  if (options_.limit <= 0) return 0;
  const absl::Duration third = options_.window / 3;
  if (now - samples_.front().time < third) return level_;
  const Cost lately = CostSince(third);
  const auto limit_at = [](int level) {
    return static_cast<double>(kBulkPerSecond[static_cast<size_t>(level)]);
  };
  if (level_ > 0 && lately.bulk_per_second < limit_at(level_) / 2) return 0;
  if (lately.share() > options_.limit) {
    if (!above_since_) above_since_ = now;
    if (level_ == 0 && now - *above_since_ < options_.window) return 0;
    for (int next = level_ + 1; next <= kMaxLevel; ++next) {
      const double saved = (lately.bulk_per_second - limit_at(next)) * kSecondsOfOne;
      if (saved >= kWorthIt * options_.limit) return next;
    }
    return level_;
  }
  above_since_.reset();
  if (level_ > 0 && average_.share() < kClearlyBelow * options_.limit &&
      now - changed_ >= patience_ * options_.window) {
    return level_ - 1;
  }
  return level_;
}

void Governor::Change(int level, absl::Duration now) {
  if (level > level_) {
    const bool too_early = now - allowed_more_ < 2 * options_.window;
    if (too_early) patience_ = std::min(2 * patience_, kMostPatience);
  } else {
    allowed_more_ = now;
    if (level == 0 && level_ > 1) patience_ = 1;  // all at once: the flood is over
  }
  level_ = level;
  changed_ = now;
  samples_.erase(samples_.begin(), samples_.end() - 1);
}

int Governor::Add(const CostSample& sample) {
  samples_.push_back(sample);
  Forget(sample.time);
  if (samples_.size() > 1) average_ = CostSince(options_.window);
  if (const int level = Decide(sample.time); level != level_) Change(level, sample.time);
  return level_;
}

}  // namespace nsobs
