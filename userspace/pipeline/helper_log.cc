#include "userspace/pipeline/helper_log.h"

namespace nsobs {
namespace {

// At most one a second and process comes, and they are taken several times a second once the
// pipeline runs.
constexpr size_t kMaxHelperRows = 64;

constexpr const char* kProcesses[] = {"web", "snapshot", "zygote"};
constexpr const char* kReasons[] = {"exited", "killed", "hung", "misbehaved"};

// A zygote does nothing but give us those that look.
std::string PartOf(const std::string& process) { return process == "web" ? "web" : "snapshot"; }

}  // namespace

HelperLog::HelperLog(const Clock* clock) : clock_(clock) {
  for (const char* process : kProcesses) {
    for (const char* reason : kReasons) counts_[{process, reason}] = 0;
  }
}

void HelperLog::Add(const HelperEnd& end) {
  Gap gap;
  gap.cause = end.reason == "hung" ? "helper_hung" : "helper_ended";
  gap.part = PartOf(end.process);
  gap.reason = end.process + ": " + end.text;
  gap.to_wall_ns = clock_->WallNs();
  gap.from_wall_ns = gap.to_wall_ns - absl::ToInt64Nanoseconds(end.away);
  ObservedEvent row;
  row.event.kind = EventKind::kGap;
  row.event.boot_ns = clock_->BootNs();
  row.wall_ns = row.last_wall_ns = gap.to_wall_ns;
  row.event.detail = std::move(gap);
  MutexLock lock(&mutex_);
  ++counts_[{end.process, end.reason}];
  if (rows_.size() < kMaxHelperRows) rows_.push_back(std::move(row));
}

std::vector<HelperRestartCount> HelperLog::Counts() const {
  MutexLock lock(&mutex_);
  std::vector<HelperRestartCount> out;
  for (const auto& [key, value] : counts_) out.push_back({key.first, key.second, value});
  return out;
}

std::vector<ObservedEvent> HelperLog::TakeRows() {
  MutexLock lock(&mutex_);
  return std::exchange(rows_, {});
}

}  // namespace nsobs
