#include "userspace/pipeline/heartbeat.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>

#include "userspace/base/log.h"
#include "userspace/collector/program_table.h"
#include "userspace/pipeline/heartbeat_deeds.h"

namespace nsobs {
namespace {

constexpr absl::Duration kStopLook = absl::Milliseconds(20);

bool HasFiles(const BeatBook::Beats& beats) {
  for (size_t i = 0; i < beats.size(); ++i) {
    if (beats[i] && ProgramTable()[i].group == ProgramGroup::kFiles) return true;
  }
  return false;
}

std::vector<size_t> RowsOf(const std::vector<std::string_view>& sources) {
  std::vector<size_t> rows;
  for (size_t i = 0; i < ProgramTable().size(); ++i) {
    if (std::ranges::find(sources, ProgramTable()[i].source) != sources.end()) rows.push_back(i);
  }
  return rows;
}

}  // namespace

Heartbeat::Heartbeat(ProbeSet* probes, const Clock* clock, absl::Duration period, Pin pin)
    : probes_(probes),
      clock_(clock),
      period_(period),
      pin_(std::move(pin)),
      book_(ProgramTable().size()) {}

Heartbeat::~Heartbeat() { Stop(); }

void Heartbeat::Start() {
  if (period_ <= absl::ZeroDuration()) return;
  thread_ = std::thread([this] {
    Loop();
    const MutexLock lock(&mutex_);
    over_ = true;
  });
}

void Heartbeat::Stop() {
  if (!thread_.joinable()) return;
  while (true) {
    {
      MutexLock lock(&mutex_);
      stopping_ = true;
      const auto over = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return over_; };
      if (mutex_.AwaitWithTimeout(over, kStopLook)) break;
    }
    LeaveBusyCpu(absl::ZeroDuration());
  }
  thread_.join();
}

void Heartbeat::Loop() {
  prctl(PR_SET_NAME, "nsobs-beat");
  if (absl::Status status = probes_->BeatOnThisThread(); !status.ok()) {
    spdlog::warn("heartbeat: {}", std::string(status.message()));
    return;  // what it did would be told as failures
  }
  while (true) {
    Beat();
    MutexLock lock(&mutex_);
    if (mutex_.AwaitWithTimeout([this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return stopping_; },
                                period_)) {
      return;
    }
  }
}

void Heartbeat::Beat() {
  InstallBeatHandler();  // anew each time, whoever took it away
  // The process may be moved to other CPUs at any time; what this thread has by then is its own.
  const CpuMask home = CpuMask::Of(getpid());
  std::vector<uint32_t> done;
  for (const uint32_t cpu : home.cpus()) {
    if (BeatOn(cpu, home)) done.push_back(cpu);
  }
  home.Apply(0);
  const MutexLock lock(&mutex_);
  if (stopping_) return;
  book_.EndRound(done);
  ++rounds_;
}

// False if the deeds were not done there.
bool Heartbeat::BeatOn(uint32_t cpu, const CpuMask& home) {
  if (!Enter(home)) return false;
  const bool there = pin_(cpu);
  const BeatBook::Beats before = probes_->Beats();
  std::vector<size_t> barred;
  if (there) barred = RowsOf(DoDeeds(HasFiles(before)));
  if (!Leave() || !there) return false;
  const BeatBook::Beats after = probes_->Beats();
  const MutexLock lock(&mutex_);
  book_.Judge(cpu, before, after, barred, clock_->BootNs());
  return true;
}

bool Heartbeat::Enter(const CpuMask& home) {
  const MutexLock lock(&mutex_);
  if (stopping_) return false;
  visit_ = {gettid(), home, clock_->BootNs(), false};
  return true;
}

// False if the visit was ended before: who knows where the deeds were done.
bool Heartbeat::Leave() {
  const MutexLock lock(&mutex_);
  visit_.since_boot_ns = 0;
  return !visit_.ended;
}

void Heartbeat::LeaveBusyCpu(absl::Duration limit) {
  const MutexLock lock(&mutex_);
  if (visit_.since_boot_ns == 0) return;
  if (clock_->BootNs() - visit_.since_boot_ns < absl::ToInt64Nanoseconds(limit)) return;
  visit_.ended = true;
  visit_.home.Apply(visit_.tid);
}

std::vector<SilentProbe> Heartbeat::Silent() const {
  std::vector<SilentProbe> out;
  const MutexLock lock(&mutex_);
  for (size_t i = 0; i < ProgramTable().size(); ++i) {
    BeatBook::State state = book_.StateOf(i);
    if (state.silent_on.empty()) continue;
    const ProgramRow& program = ProgramTable()[i];
    out.push_back({std::string(program.source), probes_->states()[i].hook,
                   std::string(program.blind), state.missed, state.last_seen_boot_ns,
                   std::move(state.silent_on), state.cpus_tried});
  }
  return out;
}

std::vector<Heartbeat::State> Heartbeat::states() const {
  std::vector<State> out;
  const MutexLock lock(&mutex_);
  for (size_t i = 0; i < ProgramTable().size(); ++i) {
    const BeatBook::State state = book_.StateOf(i);
    out.push_back({state.cpus_tried, static_cast<uint32_t>(state.silent_on.size())});
  }
  return out;
}

}  // namespace nsobs
