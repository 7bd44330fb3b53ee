#include "userspace/collector/probe_set.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bpf/event_abi.h"
#include "nsobs_bpf.skel.h"
#include "userspace/base/fd.h"
#include "userspace/base/file.h"
#include "userspace/base/log.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/bpf_stats.h"
#include "userspace/collector/bulk_limit.h"
#include "userspace/collector/hook_choice.h"
#include "userspace/collector/program_switch.h"
#include "userspace/collector/program_table.h"
#include "userspace/collector/self_facts.h"
#include "userspace/collector/task_list.h"
#include "userspace/collector/tracepoint_id.h"
#include "userspace/collector/unified_root.h"

namespace nsobs {
namespace {

constexpr char kSelfTest[] = "nsobs_self_test";
constexpr char kDnsSweep[] = "nsobs_dns_sweep";
constexpr char kTestRun[] = "test_run";  // the hook of what we run ourselves
constexpr std::string_view kHostScan = "nsobs_host_task";

struct DestroySkeleton {
  void operator()(nsobs_bpf* skeleton) const { nsobs_bpf::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<nsobs_bpf, DestroySkeleton>;

struct DestroyLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, DestroyLink>;

// libbpf's own words go to the debug log: its warnings about a refused program are pages long.
int LogLibbpf(enum libbpf_print_level, const char* format, va_list args) {
  char line[512];
  vsnprintf(line, sizeof line, format, args);
  size_t size = strlen(line);
  while (size > 0 && line[size - 1] == '\n') line[--size] = '\0';
  spdlog::debug("libbpf: {}", line);
  return 0;
}

// The hierarchy number of the v1 memory controller; 0 where it is on the unified hierarchy.
uint32_t MemoryHierarchy() {
  std::ifstream file("/proc/cgroups");
  std::string line;
  while (std::getline(file, line)) {
    unsigned hierarchy = 0;
    if (sscanf(line.c_str(), "memory %u", &hierarchy) == 1) return hierarchy;
  }
  return 0;
}

absl::Status CheckHost() {
  if (access("/sys/kernel/btf/vmlinux", R_OK) != 0) {
    return absl::FailedPreconditionError(
        "this kernel has no BTF (/sys/kernel/btf/vmlinux): it needs CONFIG_DEBUG_INFO_BTF=y");
  }
  return absl::OkStatus();
}

absl::Status LoadError(int error) {
  if (error == EPERM || error == EACCES) {
    return absl::PermissionDeniedError(
        "may not load BPF programs: run as root, or with CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE");
  }
  return ErrnoStatus(error, "loading BPF programs");
}

// Of the host's init, whatever namespaces the observer itself was started in. Where that is not
// permitted even to root, the observer's own; 0: not known.
uint32_t HostMountNamespace() {
  struct stat st{};
  for (const char* path : {"/proc/1/ns/mnt", "/proc/self/ns/mnt"}) {
    if (stat(path, &st) == 0) return static_cast<uint32_t>(st.st_ino);
  }
  return 0;
}

void Configure(nsobs_bpf* skeleton, const ProbeOptions& options) {
  auto& constants = skeleton->rodata_constants->constants;
  constants.page_bytes = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  constants.memory_hierarchy = MemoryHierarchy();
  constants.syscall_hooks = options.syscall_hooks;
  constants.io_uring_hook = options.io_uring_hook;
  constants.files_watched = options.files_watched;
  constants.host_mnt_inode = HostMountNamespace();
  constants.ring_quarter_bytes_critical = options.critical_ring_bytes / 4;
  constants.ring_quarter_bytes_bulk = options.bulk_ring_bytes / 4;
  bpf_map__set_max_entries(skeleton->maps.critical,
                           static_cast<uint32_t>(options.critical_ring_bytes));
  bpf_map__set_max_entries(skeleton->maps.bulk, static_cast<uint32_t>(options.bulk_ring_bytes));
  bpf_map__set_max_entries(skeleton->maps.runs,
                           static_cast<uint32_t>(std::max(libbpf_num_possible_cpus(), 1)) *
                               NSOBS_RUN_KINDS * NSOBS_RUN_SLOTS);
}

using ProgramNames = std::set<std::string, std::less<>>;

// Opened and configured with the named programs to be loaded; nullptr and errno on failure.
Skeleton OpenWith(const ProbeOptions& options, const ProgramNames& names) {
  Skeleton skeleton(nsobs_bpf::open());
  if (skeleton == nullptr) return nullptr;
  Configure(skeleton.get(), options);
  bpf_program* program;
  bpf_object__for_each_program(program, skeleton->obj) {
    bpf_program__set_autoload(program, names.contains(bpf_program__name(program)));
  }
  return skeleton;
}

// 0 or a positive errno.
int TryLoad(const ProbeOptions& options, const ProgramNames& names, Skeleton* out) {
  Skeleton skeleton = OpenWith(options, names);
  if (skeleton == nullptr) return errno;
  const int error = nsobs_bpf::load(skeleton.get());
  if (error != 0) return -error;
  *out = std::move(skeleton);
  return 0;
}

// The map of runs in our memory.
class RunMapping {
 public:
  RunMapping() = default;
  RunMapping(const RunMapping&) = delete;
  RunMapping& operator=(const RunMapping&) = delete;
  ~RunMapping() {
    if (address_ != MAP_FAILED) munmap(address_, bytes_);
  }

  absl::Status Map(const bpf_map* map) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t slots = bpf_map__max_entries(map);
    bytes_ = (slots * sizeof(nsobs_run) + page - 1) / page * page;
    address_ = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
    if (address_ == MAP_FAILED) return ErrnoStatus(errno, "mapping the runs");
    runs_.emplace(absl::MakeSpan(static_cast<nsobs_run*>(address_), slots));
    return absl::OkStatus();
  }

  KernelRuns& runs() { return *runs_; }

 private:
  void* address_ = MAP_FAILED;
  size_t bytes_ = 0;
  std::optional<KernelRuns> runs_;
};

}  // namespace

class ProbeSet::Impl {
 public:
  absl::Status Load(const ProbeOptions& options) {
    NSOBS_RETURN_IF_ERROR(LoadPrograms(options));
    return mapping_.Map(skeleton_->maps.runs);
  }

  absl::Status LoadPrograms(const ProbeOptions& options) {
    libbpf_set_print(LogLibbpf);
    NSOBS_RETURN_IF_ERROR(CheckHost());
    Choose(options);
    int error = TryLoad(options, Names(), &skeleton_);
    if (error == 0) return absl::OkStatus();
    if (error == EPERM && geteuid() != 0) return LoadError(error);
    // Some program is refused here: find out which, one by one, and take the next hook or none.
    for (HookChoice& choice : choices_) {
      Skeleton trial;
      while (!choice.rows.empty()) {
        const int refused = TryLoad(options, {std::string(choice.rows[0].program)}, &trial);
        if (refused == 0) break;
        choice.reason = absl::StrCat("the kernel refuses it: ", strerror(refused));
        choice.rows.erase(choice.rows.begin());
      }
    }
    error = TryLoad(options, Names(), &skeleton_);
    if (error == 0) return absl::OkStatus();
    if (Skeleton trial; TryLoad(options, {kSelfTest}, &trial) == EINVAL) {
      return absl::FailedPreconditionError(
          "this kernel is too old: the programs need bpf_get_current_task_btf() of Linux 5.11");
    }
    return LoadError(error);
  }

  void Attach() {
    auto ids = TracepointIds::Open();
    for (size_t i = 0; i < choices_.size(); ++i) {
      const ProgramRow& row = ProgramTable()[i];
      ProbeState state{std::string(row.source), "off", false, "", std::string(row.cost)};
      if (choices_[i].rows.empty()) {
        state.reason = choices_[i].reason;
      } else if (row.group == ProgramGroup::kDns && !dns_missing_.empty()) {
        state.reason = absl::StrCat("not without ", dns_missing_);
      } else if (absl::Status status = AttachOne(choices_[i].rows[0], ids); !status.ok()) {
        state.reason = std::string(status.message());
      } else {
        state.attached = true;
        state.hook = std::string(choices_[i].rows[0].hook);
        state.cost = std::string(choices_[i].rows[0].cost);
        if (row.program == kHostScan) host_scan_ = links_.back().get();
      }
      if (row.group == ProgramGroup::kDns && !state.attached) dns_missing_ = state.source;
      states_.push_back(std::move(state));
    }
  }

  // What serves the row of ProgramTable(), which has a hook.
  bpf_program* Of(size_t row) const { return Find(choices_[row].rows[0].program); }

  bpf_program* Find(std::string_view name) const {
    return bpf_object__find_program_by_name(skeleton_->obj, std::string(name).c_str());
  }

  Skeleton skeleton_;
  RunMapping mapping_;
  BulkLimit bulk_;
  std::vector<Link> links_;
  std::vector<ProbeState> states_;
  bpf_link* host_scan_ = nullptr;  // one of links_

 private:
  void Choose(const ProbeOptions& options) {
    FunctionTrial trial;
    for (const ProgramRow& row : ProgramTable()) {
      const std::string_view by = SwitchOf(row.group, options);
      choices_.push_back(
          IsOn(row.group, options)
              ? ChooseHooks(row, BystandersPay(row.group, options) ? "" : by, ForcedHooks(), &trial)
              : HookChoice{{}, std::string(by)});
    }
  }

  ProgramNames Names() const {
    ProgramNames out = {kSelfTest};
    for (const HookChoice& choice : choices_) {
      if (!choice.rows.empty()) out.insert(std::string(choice.rows[0].program));
    }
    return out;
  }

  absl::Status AttachOne(const HookRow& row, const absl::StatusOr<TracepointIds>& ids) {
    bpf_program* program = Find(row.program);
    absl::string_view hook(row.hook.data(), row.hook.size());
    if (hook == kTestRun) return absl::OkStatus();
    if (absl::StartsWith(hook, "cgroup_skb/")) return AttachToRootCgroup(program);
    if (!absl::ConsumePrefix(&hook, "tracepoint/")) {
      return Keep(bpf_program__attach(program));
    }
    if (!ids.ok()) return ids.status();
    NSOBS_ASSIGN_OR_RETURN(const int id, ids->Get(std::string(hook)));
    perf_event_attr attr{};
    attr.type = PERF_TYPE_TRACEPOINT;
    attr.size = sizeof attr;
    attr.config = static_cast<uint64_t>(id);
    // The program runs for the tracepoint on every CPU, whichever CPU the event is opened on.
    const int fd =
        static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
    if (fd < 0) return ErrnoStatus(errno, "perf_event_open");
    bpf_link* link = bpf_program__attach_perf_event(program, fd);
    if (link == nullptr) close(fd);
    return Keep(link);
  }

  // Above every process of the host, also of those whose containers live in v1 hierarchies.
  absl::Status AttachToRootCgroup(bpf_program* program) {
    NSOBS_ASSIGN_OR_RETURN(const UniqueFd root, OpenUnifiedRoot());
    return Keep(bpf_program__attach_cgroup(program, root.get()));
  }

  absl::Status Keep(bpf_link* link) {
    if (link == nullptr) return ErrnoStatus(errno, "attaching");
    links_.emplace_back(link);
    return absl::OkStatus();
  }

  std::vector<HookChoice> choices_;  // one for each row of ProgramTable(); the first is taken
  std::string dns_missing_;          // the first of its sources that is off
};

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

void ProbeSet::Attach() { impl_->Attach(); }

absl::Status ProbeSet::SelfTest() const {
  bpf_test_run_opts opts{};
  opts.sz = sizeof opts;
  const int fd = bpf_program__fd(impl_->Find(kSelfTest));
  if (bpf_prog_test_run_opts(fd, &opts) != 0) return ErrnoStatus(errno, "self-test");
  return CompareWithProc(impl_->skeleton_->data_self_test->self_test_result);
}

absl::StatusOr<std::vector<HostTask>> ProbeSet::ListTasks() const {
  if (impl_->host_scan_ == nullptr) return absl::UnavailableError("the task iterator is off");
  return ReadTasks(bpf_link__fd(impl_->host_scan_));
}

const std::vector<ProbeState>& ProbeSet::states() const { return impl_->states_; }

std::vector<ProgramCost> ProbeSet::costs() const {
  std::vector<ProgramCost> out;
  const auto& states = impl_->states_;
  for (size_t i = 0; i < states.size(); ++i) {
    if (!states[i].attached) continue;
    out.push_back(ReadProgramCost(states[i].source, bpf_program__fd(impl_->Of(i))));
  }
  return out;
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
  return bpf_prog_test_run_opts(bpf_program__fd(impl_->Find(kDnsSweep)), &opts) == 0;
}

// The number of a thread in the initial pid namespace, where the observer itself may not be, is
// what a program reads that runs on it.
absl::Status ProbeSet::BeatOnThisThread() {
  bpf_test_run_opts opts{};
  opts.sz = sizeof opts;
  if (bpf_prog_test_run_opts(bpf_program__fd(impl_->Find(kSelfTest)), &opts) != 0) {
    return ErrnoStatus(errno, "finding this thread's number");
  }
  volatile nsobs_settings& settings = impl_->skeleton_->data_settings->settings;
  settings.beat_tid = impl_->skeleton_->data_self_test->self_test_result.tid;
  return absl::OkStatus();
}

std::vector<std::optional<uint64_t>> ProbeSet::Beats() const {
  std::vector<std::optional<uint64_t>> out;
  const volatile auto& beats = impl_->skeleton_->data_beats->beats;
  for (size_t i = 0; i < impl_->states_.size(); ++i) {
    const int beat = ProgramTable()[i].beat;
    const bool tried = impl_->states_[i].attached && beat >= 0;
    out.push_back(tried ? std::optional<uint64_t>(beats[beat]) : std::nullopt);
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
