#include "userspace/collector/probe_set.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>

#include <algorithm>
#include <set>
#include <utility>

#include "bpf/event_abi.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/bpf_stats.h"
#include "userspace/collector/probe_object.h"
#include "userspace/collector/program_table.h"
#include "userspace/collector/self_facts.h"
#include "userspace/collector/task_list.h"

namespace nsobs {
namespace {

constexpr int kNotSupported = 524;  // ENOTSUPP, the kernel's own, which no header of ours has

}  // namespace

ProbeSet::ProbeSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProbeSet::~ProbeSet() = default;

absl::StatusOr<std::unique_ptr<ProbeSet>> ProbeSet::Load(const ProbeOptions& options,
                                                         const ProbeSettings& settings) {
  auto impl = std::make_unique<Impl>();
  NSOBS_RETURN_IF_ERROR(impl->Load(options));
  std::unique_ptr<ProbeSet> set(new ProbeSet(std::move(impl)));
  set->Apply(settings);
  return set;
}

absl::StatusOr<std::unique_ptr<ProbeSet>> ProbeSet::Adopt(const ProbeOptions& options,
                                                          const ProbeSettings& settings,
                                                          FdBundle bundle) {
  auto impl = std::make_unique<Impl>();
  NSOBS_RETURN_IF_ERROR(impl->Adopt(options, std::move(bundle)));
  std::unique_ptr<ProbeSet> set(new ProbeSet(std::move(impl)));
  set->Apply(settings);
  return set;
}

absl::StatusOr<FdBundle> ProbeSet::Bundle() const { return impl_->Bundle(); }
void ProbeSet::Leave() { impl_->Leave(); }
const std::string& ProbeSet::id() const { return impl_->id_; }

void ProbeSet::Attach() { impl_->Attach(); }

absl::Status ProbeSet::SelfTest() const {
  bpf_test_run_opts opts{};
  opts.sz = sizeof opts;
  const int fd = impl_->ProgramFd(kSelfTest);
  if (bpf_prog_test_run_opts(fd, &opts) != 0) {
    if (errno == EOPNOTSUPP || errno == kNotSupported) return TooOld();
    return ErrnoStatus(errno, "self-test");
  }
  return CompareWithProc(impl_->skeleton_->data_self_test->self_test_result);
}

absl::StatusOr<std::vector<HostTask>> ProbeSet::ListTasks() const {
  if (impl_->host_scan_fd_ < 0) return absl::UnavailableError("the task iterator is off");
  return ReadTasks(impl_->host_scan_fd_);
}

const std::vector<ProbeState>& ProbeSet::states() const { return impl_->states_; }

std::vector<ProgramCost> ProbeSet::costs() const {
  std::vector<ProgramCost> out;
  const auto& states = impl_->states_;
  for (size_t i = 0; i < states.size(); ++i) {
    if (!states[i].attached) continue;
    ProgramCost cost = ReadProgramCost(states[i].source, impl_->ProgramFd(i));
    if (states[i].hook.starts_with("kprobe/") || states[i].hook.starts_with("kretprobe/")) {
      // The kernel's own count from 6.7 on; ours is of the returns alone, and lags behind.
      cost.probe_misses = std::max(ReadProbeMisses(impl_->LinkFd(i)), MissedReturns(i));
    }
    out.push_back(std::move(cost));
  }
  return out;
}

uint64_t ProbeSet::MissedReturns(size_t row) const {
  const int beat = ProgramTable()[row].beat;
  if (beat < 0) return 0;
  const volatile auto& missed = impl_->skeleton_->data_missed->missed_returns;
  return missed[beat];
}

void ProbeSet::Apply(const ProbeSettings& in) {
  volatile nsobs_settings& out = impl_->skeleton_->data_settings->settings;
  out.told_signals = in.told_signals;
  out.told_ignored_signals = in.told_ignored_signals;
  impl_->bulk_.Set(&out, in.bulk_rate_per_second, in.bulk_burst);
  out.abandoned_told_after_ns = static_cast<uint64_t>(in.abandoned_told_after_ns);
  out.dns_timeout_ns = static_cast<uint64_t>(std::max<int64_t>(in.dns_timeout_ns, 0));
  out.run_window_ns = static_cast<uint64_t>(std::max<int64_t>(in.run_window_ns, 0));
}

void ProbeSet::set_bulk_most(uint64_t per_second) {
  impl_->bulk_.SetMost(&impl_->skeleton_->data_settings->settings, per_second);
}

uint64_t ProbeSet::RunTimeNs() const {
  uint64_t sum = 0;
  const std::vector<ProgramCost> all = costs();
  for (const ProgramCost& cost : all) sum += cost.run_time_ns;
  return sum;
}

void ProbeSet::set_own_zygote(int pid) {
  volatile nsobs_settings& settings = impl_->skeleton_->data_settings->settings;
  settings.own_zygote_pid = static_cast<uint32_t>(pid);
}

absl::Status ProbeSet::WatchCgroups(const std::vector<CgroupKey>& cgroups) {
  const bpf_map* map = impl_->skeleton_->maps.watched_cgroups;
  const int fd = bpf_map__fd(map);
  if (cgroups.size() > bpf_map__max_entries(map)) {
    return absl::ResourceExhaustedError("more cgroups than can be watched");
  }
  const std::set<std::pair<uint64_t, uint32_t>> wanted = [&] {
    std::set<std::pair<uint64_t, uint32_t>> out;
    for (const CgroupKey& key : cgroups) out.emplace(key.id, key.hierarchy);
    return out;
  }();
  nsobs_watched key{}, next{};
  std::vector<nsobs_watched> gone;
  for (nsobs_watched* last = nullptr; bpf_map_get_next_key(fd, last, &next) == 0; last = &key) {
    key = next;
    if (!wanted.contains({key.id, key.hierarchy})) gone.push_back(key);
  }
  // First out, then in: the map holds as many as may be asked for, not more.
  for (const nsobs_watched& one : gone) bpf_map_delete_elem(fd, &one);
  const uint32_t on = 1;
  for (const auto& [id, hierarchy] : wanted) {
    const nsobs_watched one{id, hierarchy, 0};
    if (bpf_map_update_elem(fd, &one, &on, BPF_ANY) != 0) return ErrnoStatus(errno, "watching");
  }
  return absl::OkStatus();
}

bool ProbeSet::SweepDns() {
  volatile auto& under_way = impl_->skeleton_->data_dns->dns_under_way;
  if (under_way == 0) return false;
  bpf_test_run_opts opts{};
  opts.sz = sizeof opts;
  return bpf_prog_test_run_opts(impl_->ProgramFd(kDnsSweep), &opts) == 0;
}

// The number of a thread in the initial pid namespace, where the observer itself may not be, is
// what a program reads that runs on it.
absl::Status ProbeSet::BeatOnThisThread() {
  bpf_test_run_opts opts{};
  opts.sz = sizeof opts;
  if (bpf_prog_test_run_opts(impl_->ProgramFd(kSelfTest), &opts) != 0) {
    return ErrnoStatus(errno, "finding this thread's number");
  }
  volatile nsobs_settings& settings = impl_->skeleton_->data_settings->settings;
  settings.beat_tid = impl_->skeleton_->data_self_test->self_test_result.tid;
  return absl::OkStatus();
}

std::vector<std::optional<BeatCount>> ProbeSet::Beats() const {
  std::vector<std::optional<BeatCount>> out;
  const volatile auto& seen = *impl_->skeleton_->data_beats;
  for (size_t i = 0; i < impl_->states_.size(); ++i) {
    const int beat = ProgramTable()[i].beat;
    const bool tried = impl_->states_[i].attached && beat >= 0;
    if (!tried) {
      out.emplace_back();
      continue;
    }
    out.push_back(BeatCount{seen.beats[beat], seen.beat_cpus[beat]});
  }
  return out;
}

uint8_t ProbeSet::FlipEpoch() {
  volatile nsobs_settings& settings = impl_->skeleton_->data_settings->settings;
  const uint32_t closed = settings.epoch & 1;
  __atomic_store_n(&settings.epoch, closed ^ 1, __ATOMIC_SEQ_CST);
  return static_cast<uint8_t>(closed);
}

CounterReader ProbeSet::counters() const {
  const auto& maps = impl_->skeleton_->maps;
  return CounterReader({bpf_map__fd(maps.counters), bpf_map__fd(maps.counters_overflow),
                        bpf_map__fd(maps.tcp_connects), bpf_map__fd(maps.tcp_connects_overflow),
                        bpf_map__fd(maps.losses), bpf_map__fd(maps.tallies)},
                       &runs());
}

KernelRuns& ProbeSet::runs() const { return impl_->mapping_.runs(); }

int ProbeSet::critical_ring_fd() const { return bpf_map__fd(impl_->skeleton_->maps.critical); }
int ProbeSet::bulk_ring_fd() const { return bpf_map__fd(impl_->skeleton_->maps.bulk); }

}  // namespace nsobs
