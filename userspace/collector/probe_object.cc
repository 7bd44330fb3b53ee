#include "userspace/collector/probe_object.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "bpf/event_abi.h"
#include "userspace/base/clock.h"
#include "userspace/base/file.h"
#include "userspace/base/log.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/collector/object_load.h"
#include "userspace/collector/program_switch.h"
#include "userspace/collector/program_table.h"
#include "userspace/collector/unified_root.h"

namespace nsobs {
namespace {

constexpr char kTestRun[] = "test_run";  // the hook of what we run ourselves
constexpr std::string_view kHostScan = "nsobs_host_task";

// libbpf's own words go to the debug log: its warnings about a refused program are pages long.
int LogLibbpf(enum libbpf_print_level, const char* format, va_list args) {
  char line[512];
  vsnprintf(line, sizeof line, format, args);
  size_t size = strlen(line);
  while (size > 0 && line[size - 1] == '\n') line[--size] = '\0';
  spdlog::debug("libbpf: {}", line);
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

ProgramNames NamesOf(const std::vector<HookChoice>& choices) {
  ProgramNames out = {kSelfTest};
  for (const HookChoice& choice : choices) {
    if (!choice.rows.empty()) out.insert(std::string(choice.rows[0].program));
  }
  return out;
}

std::string Refusal(int error, std::string_view needs) {
  std::string out = absl::StrCat("the kernel refuses it: ", strerror(error));
  if (!needs.empty()) absl::StrAppend(&out, " (it needs ", std::string(needs), ")");
  return out;
}

// Of the bytes of the object: two builds of the same source have the same.
uint64_t Fingerprint(std::string_view bytes) {  // FNV-1a
  uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ULL;
  return hash;
}

// All that the maps and programs in the kernel depend on, as words that can be compared one by one.
std::string SchemaOf(BpfObject object, const ProbeOptions& options, const nsobs_bpf* skeleton) {
  const auto& constants = skeleton->rodata_constants->constants;
  const std::string_view rodata(reinterpret_cast<const char*>(&constants), sizeof constants);
  return absl::StrCat("boot=", BootId(), " object=", absl::Hex(Fingerprint(ObjectBytes(object))),
                      " critical=", options.critical_ring_bytes, " bulk=", options.bulk_ring_bytes,
                      " cpus=", libbpf_num_possible_cpus(),
                      " syscall_hooks=", options.syscall_hooks, " io_uring=", options.io_uring_hook,
                      " files=", options.files, options.files_where_free, options.files_watched,
                      " dns=", options.dns, " hooks=", std::string(ForcedHooks()),
                      " constants=", absl::Hex(Fingerprint(rodata)));
}

// "bulk=1 (here: bulk=2)": the first words that differ.
std::string FirstDifference(std::string_view theirs, std::string_view ours) {
  const std::vector<std::string> a = absl::StrSplit(std::string(theirs), ' ');
  const std::vector<std::string> b = absl::StrSplit(std::string(ours), ' ');
  for (size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    const std::string left = i < a.size() ? a[i] : "", right = i < b.size() ? b[i] : "";
    if (left != right) return absl::StrCat(ForTerminal(left), " (here: ", right, ")");
  }
  return "";
}

std::string FreshId() {
  uint64_t words[2] = {};
  if (getrandom(words, sizeof words, 0) != sizeof words) words[0] = Fingerprint(BootId());
  return absl::StrCat(absl::Hex(words[0], absl::kZeroPad16), absl::Hex(words[1], absl::kZeroPad16));
}

}  // namespace

RunMapping::~RunMapping() {
  if (address_ != nullptr) munmap(address_, bytes_);
}

absl::Status RunMapping::Map(const bpf_map* map) {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const size_t slots = bpf_map__max_entries(map);
  bytes_ = (slots * sizeof(nsobs_run) + page - 1) / page * page;
  void* address = mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);
  if (address == MAP_FAILED) return ErrnoStatus(errno, "mapping the runs");
  address_ = address;
  runs_.emplace(absl::MakeSpan(static_cast<nsobs_run*>(address_), slots));
  return absl::OkStatus();
}

absl::Status ProbeSet::Impl::Load(const ProbeOptions& options) {
  NSOBS_RETURN_IF_ERROR(LoadPrograms(options));
  for (const HookChoice& choice : choices_) {
    programs_.emplace_back(choice.rows.empty() ? "" : choice.rows[0].program);
  }
  schema_ = SchemaOf(object_, options, skeleton_.get());
  id_ = FreshId();
  return mapping_.Map(skeleton_->maps.runs);
}

absl::Status ProbeSet::Impl::LoadPrograms(const ProbeOptions& options) {
  libbpf_set_print(LogLibbpf);
  NSOBS_RETURN_IF_ERROR(CheckHost());
  object_ = ObjectOfThisKernel();
  Choose(options);
  LoadAttempt attempt = TryLoad(object_, options, NamesOf(choices_));
  if (attempt.error == EPERM && geteuid() != 0) return LoadError(attempt.error);
  // Where the verifier says which one it refuses, that one gives way to the next hook, or to none.
  while (attempt.error != 0 && DropRefused(options, attempt.refused)) {
    attempt = TryLoad(object_, options, NamesOf(choices_));
  }
  if (attempt.error != 0) {
    for (size_t i = 0; i < choices_.size(); ++i) DropRefusedOf(i, options);
    attempt = TryLoad(object_, options, NamesOf(choices_));
  }
  if (attempt.error == 0) {
    skeleton_ = std::move(attempt.skeleton);
    return absl::OkStatus();
  }
  if (TryLoad(object_, options, {kSelfTest}).error == EINVAL) return TooOld();
  return LoadError(attempt.error);
}

// Each hook of the row that is refused, up to the first that is not. False: none is.
bool ProbeSet::Impl::DropRefusedOf(size_t row, const ProbeOptions& options) {
  HookChoice& choice = choices_[row];
  const size_t before = choice.rows.size();
  while (!choice.rows.empty()) {
    const int error = TryLoad(object_, options, {std::string(choice.rows[0].program)}).error;
    if (error == 0) break;
    choice.reason = Refusal(error, ProgramTable()[row].needs);
    choice.rows.erase(choice.rows.begin());
  }
  return choice.rows.size() != before;
}

bool ProbeSet::Impl::DropRefused(const ProbeOptions& options, std::string_view program) {
  for (size_t i = 0; i < choices_.size(); ++i) {
    const std::vector<HookRow>& rows = choices_[i].rows;
    if (!rows.empty() && rows[0].program == program) return DropRefusedOf(i, options);
  }
  return false;
}

void ProbeSet::Impl::Attach() {
  if (adopted_) return;
  auto ids = TracepointIds::Open();
  links_.resize(choices_.size());
  for (size_t i = 0; i < choices_.size(); ++i) {
    const ProgramRow& row = ProgramTable()[i];
    ProbeState state{std::string(row.source), "off", false, "", std::string(row.cost)};
    if (choices_[i].rows.empty()) {
      state.reason = choices_[i].reason;
    } else if (row.group == ProgramGroup::kDns && !dns_missing_.empty()) {
      state.reason = absl::StrCat("not without ", dns_missing_);
    } else if (absl::Status status = AttachOne(i, ids); !status.ok()) {
      state.reason = std::string(status.message());
    } else {
      state.attached = true;
      state.hook = std::string(choices_[i].rows[0].hook);
      state.cost = std::string(choices_[i].rows[0].cost);
      if (row.program == kHostScan) host_scan_fd_ = bpf_link__fd(links_[i].get());
      if (state.hook.starts_with("kretprobe/")) skeleton_->data_settings->settings.kretprobes = 1;
    }
    if (row.group == ProgramGroup::kDns && !state.attached) dns_missing_ = state.source;
    states_.push_back(std::move(state));
  }
}

void ProbeSet::Impl::Choose(const ProbeOptions& options) {
  FunctionTrial trial;
  for (const ProgramRow& row : ProgramTable()) {
    const std::string_view by = SwitchOf(row.group, options);
    choices_.push_back(
        IsOn(row.group, options)
            ? ChooseHooks(row, BystandersPay(row.group, options) ? "" : by, ForcedHooks(), &trial)
            : HookChoice{{}, std::string(by)});
  }
}

absl::Status ProbeSet::Impl::AttachOne(size_t row, const absl::StatusOr<TracepointIds>& ids) {
  const HookRow& way = choices_[row].rows[0];
  bpf_program* program = Find(way.program);
  absl::string_view hook(way.hook.data(), way.hook.size());
  if (hook == kTestRun) return absl::OkStatus();
  if (absl::StartsWith(hook, "cgroup_skb/")) return AttachToRootCgroup(row, program);
  if (!absl::ConsumePrefix(&hook, "tracepoint/")) {
    return Keep(row, bpf_program__attach(program));
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
  return Keep(row, link);
}

// Above every process of the host, also of those whose containers live in v1 hierarchies.
absl::Status ProbeSet::Impl::AttachToRootCgroup(size_t row, bpf_program* program) {
  NSOBS_ASSIGN_OR_RETURN(const UniqueFd root, OpenUnifiedRoot());
  return Keep(row, bpf_program__attach_cgroup(program, root.get()));
}

absl::Status ProbeSet::Impl::Keep(size_t row, bpf_link* link) {
  if (link == nullptr) return ErrnoStatus(errno, "attaching");
  links_[row].reset(link);
  return absl::OkStatus();
}

bpf_program* ProbeSet::Impl::Find(std::string_view name) const {
  return bpf_object__find_program_by_name(skeleton_->obj, std::string(name).c_str());
}

absl::Status ProbeSet::Impl::Adopt(const ProbeOptions& options, FdBundle bundle) {
  libbpf_set_print(LogLibbpf);
  NSOBS_RETURN_IF_ERROR(CheckHost());
  std::vector<std::string> lines = absl::StrSplit(bundle.text, '\n');
  if (lines.size() < 2) return absl::FailedPreconditionError("it does not say what it is");
  object_ = ObjectOfThisKernel();
  skeleton_ = OpenWith(object_, options, {});
  if (skeleton_ == nullptr) return ErrnoStatus(errno, "opening the BPF object");
  schema_ = SchemaOf(object_, options, skeleton_.get());
  if (lines[0] != schema_) {
    return absl::FailedPreconditionError(
        absl::StrCat("it was loaded with ", FirstDifference(lines[0], schema_)));
  }
  id_ = lines[1];
  lines.erase(lines.begin(), lines.begin() + 2);
  NSOBS_RETURN_IF_ERROR(TakeStates(lines, bundle));
  NSOBS_RETURN_IF_ERROR(ReuseMaps(bundle));
  if (const int error = nsobs_bpf::load(skeleton_.get()); error != 0) return LoadError(-error);
  adopted_ = true;
  taken_ = std::move(bundle);
  return mapping_.Map(skeleton_->maps.runs);
}

absl::Status ProbeSet::Impl::ReuseMaps(const FdBundle& bundle) {
  size_t number = 0;
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton_->obj) {
    const int fd = bundle.Find(absl::StrCat("map.", number++));
    if (fd < 0) return absl::FailedPreconditionError("a map is missing");
    if (const int error = bpf_map__reuse_fd(map, fd); error != 0) {
      return ErrnoStatus(-error, "taking a map over");
    }
  }
  return absl::OkStatus();
}

// One line for each row of ProgramTable(), as Bundle() writes them.
absl::Status ProbeSet::Impl::TakeStates(const std::vector<std::string>& lines,
                                        const FdBundle& bundle) {
  if (lines.size() != ProgramTable().size()) {
    return absl::FailedPreconditionError("it has other sources");
  }
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::vector<std::string> words = absl::StrSplit(lines[i], '\t');
    if (words.size() != 6 || words[0] != ProgramTable()[i].source) {
      return absl::FailedPreconditionError("it has other sources");
    }
    ProbeState state{words[0], words[1], words[2] == "1", words[3], words[4]};
    const int link = bundle.Find(absl::StrCat("link.", i));
    const bool needs_link = state.attached && words[1] != kTestRun;
    if ((needs_link && link < 0) ||
        (state.attached && bundle.Find(absl::StrCat("program.", words[5])) < 0)) {
      return absl::FailedPreconditionError(absl::StrCat("a part of ", words[0], " is missing"));
    }
    if (state.attached && ProgramTable()[i].program == kHostScan) host_scan_fd_ = link;
    programs_.push_back(words[5]);
    states_.push_back(std::move(state));
  }
  return absl::OkStatus();
}

absl::StatusOr<FdBundle> ProbeSet::Impl::Bundle() const {
  FdBundle out;
  absl::Status status;
  const auto add = [&](std::string name, int fd) {
    UniqueFd own(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!own.ok()) status.Update(ErrnoStatus(errno, name));
    out.fds.push_back({std::move(name), std::move(own)});
  };
  size_t number = 0;
  bpf_map* map;
  bpf_object__for_each_map(map, skeleton_->obj) {
    add(absl::StrCat("map.", number++), bpf_map__fd(map));
  }
  std::set<std::string> programs(programs_.begin(), programs_.end());
  programs.insert(kSelfTest);
  for (const std::string& program : programs) {
    if (const int fd = ProgramFd(program); fd >= 0) add(absl::StrCat("program.", program), fd);
  }
  out.text = absl::StrCat(schema_, "\n", id_);
  for (size_t i = 0; i < states_.size(); ++i) {
    const ProbeState& s = states_[i];
    const std::string name = absl::StrCat("link.", i);
    if (const int link = LinkFd(i); link >= 0) add(name, link);
    const std::string reason = absl::StrReplaceAll(s.reason, {{"\n", " "}, {"\t", " "}});
    absl::StrAppend(&out.text, "\n",
                    absl::StrJoin({s.source, s.hook, std::string(s.attached ? "1" : "0"), reason,
                                   s.cost, programs_[i]},
                                  "\t"));
  }
  if (!status.ok()) return status;
  return out;
}

// bpf_link__destroy() would disable a perf event for everybody.
void ProbeSet::Impl::Leave() {
  for (Link& link : links_) {
    if (link != nullptr) bpf_link__disconnect(link.get());
  }
}

int ProbeSet::Impl::LinkFd(size_t row) const {
  if (adopted_) return taken_.Find(absl::StrCat("link.", row));
  return links_[row] ? bpf_link__fd(links_[row].get()) : -1;
}

int ProbeSet::Impl::ProgramFd(std::string_view name) const {
  if (adopted_) return taken_.Find(absl::StrCat("program.", std::string(name)));
  const bpf_program* program = Find(name);
  return program == nullptr ? -1 : bpf_program__fd(program);
}

}  // namespace nsobs
