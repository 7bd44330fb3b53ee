#include "userspace/pipeline/self_budget.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_format.h"
#include "userspace/base/log.h"

namespace nsobs {
namespace {

constexpr absl::Duration kLongestPeriod = absl::Seconds(5);
constexpr int64_t kMeasureNs = 100'000'000;
constexpr int64_t kTellEachNs = 600'000'000'000;

double Seconds(int64_t ns) { return static_cast<double>(ns) / 1e9; }

}  // namespace

SelfBudget::SelfBudget(const GovernorOptions& options, BudgetHandlers handlers, const Clock* clock)
    : handlers_(std::move(handlers)),
      clock_(clock),
      period_ns_(absl::ToInt64Nanoseconds(std::min(options.window / 6, kLongestPeriod))),
      governor_(options),
      limit_(options.limit) {
  state_.limit = options.limit;
}

void SelfBudget::set_limit(double limit) {
  MutexLock lock(&mutex_);
  limit_ = limit;
}

void SelfBudget::OnTick() {
  const int64_t now_ns = clock_->BootNs();
  MeasurePrograms(now_ns);
  if (now_ns >= next_sample_ns_) {
    next_sample_ns_ = now_ns + period_ns_;
    Sample(now_ns);
  }
  if (told_until_ns_ && now_ns - *told_until_ns_ >= kTellEachNs) Tell(now_ns);
}

// Begun in one tick, ended in another: nobody waits.
void SelfBudget::MeasurePrograms(int64_t now_ns) {
  if (measuring_.ok()) {
    const int64_t measured_ns = now_ns - measured_from_ns_;
    if (measured_ns < kMeasureNs) return;
    const uint64_t spent_ns = handlers_.program_time_ns() - program_ns_;
    measuring_.reset();
    programs_ = static_cast<double>(spent_ns) / static_cast<double>(measured_ns);
  } else if (now_ns >= next_measure_ns_) {
    next_measure_ns_ = now_ns + 2 * period_ns_;
    measuring_ = handlers_.measure_programs();
    if (!measuring_.ok()) return;
    program_ns_ = handlers_.program_time_ns();
    measured_from_ns_ = clock_->BootNs();
  }
}

void SelfBudget::Sample(int64_t now_ns) {
  {
    MutexLock lock(&mutex_);
    governor_.set_limit(limit_);
  }
  const int before = governor_.level();
  const int level = governor_.Add(
      {absl::Nanoseconds(now_ns), handlers_.cpu_time(), programs_, handlers_.bulk_records()});
  worst_ = std::max(worst_, governor_.processes() + governor_.programs());
  if (level != before) Turn(level, now_ns);
  highest_ = std::max(highest_, level);
  if (level == 0) worst_ = 0;
  MutexLock lock(&mutex_);
  state_.limit = governor_.limit();
  state_.processes = governor_.processes();
  state_.programs = governor_.programs();
  state_.level = level;
}

void SelfBudget::Turn(int level, int64_t now_ns) {
  const uint64_t most = kBulkPerSecond[static_cast<size_t>(level)];
  handlers_.set_bulk_most(most);
  const double share = 100 * (governor_.processes() + governor_.programs());
  if (level == 0) {
    spdlog::info("budget: all detail is kept again ({:.1f} % of a core)", share);
    Tell(now_ns);
    told_until_ns_.reset();
  } else {
    spdlog::warn(
        "budget: {:.1f} % of a core is used, {:.1f} % is allowed; a container may send {} bulk "
        "events a second",
        share, 100 * governor_.limit(), most);
    if (!told_until_ns_) told_until_ns_ = now_ns;
  }
  MutexLock lock(&mutex_);
  if (level > 0 && !shed_since_ns_) shed_since_ns_ = now_ns;
  if (level == 0 && shed_since_ns_) {
    state_.shed_seconds += Seconds(now_ns - *std::exchange(shed_since_ns_, std::nullopt));
  }
}

void SelfBudget::Tell(int64_t now_ns) {
  if (!told_until_ns_) return;
  Gap gap;
  gap.cause = "cpu_budget";
  gap.part = "detail";
  gap.from_wall_ns = clock_->WallOfBootNs(*told_until_ns_);
  gap.to_wall_ns = clock_->WallOfBootNs(now_ns);
  gap.reason = absl::StrFormat(
      "%.1f %% of a core was used, %.1f %% is allowed; down to %d bulk events a second and "
      "container",
      100 * worst_, 100 * governor_.limit(),
      kBulkPerSecond[static_cast<size_t>(std::max(highest_, 1))]);
  ObservedEvent row;
  row.event.kind = EventKind::kGap;
  row.event.boot_ns = now_ns;
  row.wall_ns = row.last_wall_ns = gap.to_wall_ns;
  row.event.detail = std::move(gap);
  rows_.push_back(std::move(row));
  told_until_ns_ = now_ns;
  highest_ = governor_.level();
  worst_ = 0;
}

void SelfBudget::Stop() {
  measuring_.reset();
  Tell(clock_->BootNs());
  told_until_ns_.reset();
}

std::vector<ObservedEvent> SelfBudget::TakeRows() { return std::exchange(rows_, {}); }

BudgetState SelfBudget::State() const {
  MutexLock lock(&mutex_);
  BudgetState state = state_;
  if (shed_since_ns_) state.shed_seconds += Seconds(clock_->BootNs() - *shed_since_ns_);
  return state;
}

}  // namespace nsobs
