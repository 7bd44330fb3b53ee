#include "userspace/snapshot/pid/process_detail.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/pid/process_text.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr uint64_t kMaxOpenFiles = 65'536;
constexpr uint32_t kNoLoginUid = 0xFFFFFFFF;

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\0')) text.pop_back();
  return text;
}

void CountOpenFiles(const Target& target, uint32_t pid, SectionJson* out, ReadNotes* notes) {
  const Directory dir(opendir(ProcPath(target, pid, "fd").c_str()));
  if (dir == nullptr) {
    notes->Error("pid", absl::StrCat("open files of process ", pid, " can't be read"));
    return;
  }
  uint64_t open_files = 0, sockets = 0;
  while (const dirent* entry = readdir(dir.get())) {
    if (entry->d_name[0] == '.') continue;
    char link[8];
    const ssize_t n = readlinkat(dirfd(dir.get()), entry->d_name, link, sizeof link);
    ++open_files;
    if (n == sizeof link && std::string_view(link, sizeof link) == "socket:[") ++sockets;
    if (open_files % 1024 == 0 && (open_files >= kMaxOpenFiles || DeadlinePassed(target))) {
      notes->Truncated(absl::StrCat("/pid: open files of process ", pid));
      break;
    }
  }
  (*out)["open_files"] = open_files;
  (*out)["sockets"] = sockets;
}

void AddStatus(const ProcessStatus& s, SectionJson* out) {
  (*out)["ns_pid"] = s.ns_pid;
  (*out)["uids"] = s.uids;
  (*out)["gids"] = s.gids;
  (*out)["signals"] = {{"caught", SignalNames(s.signals_caught)},
                       {"ignored", SignalNames(s.signals_ignored)},
                       {"blocked", SignalNames(s.signals_blocked)},
                       {"pending", SignalNames(s.signals_pending)}};
  (*out)["capabilities"] = {{"effective", CapabilityNames(s.cap_effective)},
                            {"permitted", CapabilityNames(s.cap_permitted)},
                            {"bounding", CapabilityNames(s.cap_bounding)},
                            {"inheritable", CapabilityNames(s.cap_inheritable)},
                            {"ambient", CapabilityNames(s.cap_ambient)}};
  if (s.seccomp) {
    (*out)["seccomp"] = *s.seccomp == 0 ? "off" : *s.seccomp == 1 ? "strict" : "filter";
  }
  SetIfKnown(out, "no_new_privs", s.no_new_privs);
  SetIfKnown(out, "vm_rss_bytes", s.rss_bytes);
}

// A file with one number.
std::optional<int64_t> Number(const Target& target, uint32_t pid, const char* name) {
  const auto text = ReadProcFile(target, pid, name);
  return text.ok() ? ParseSignedNumber(*text) : std::nullopt;
}

// EINVAL without a security module that labels processes.
SectionJson SecurityLabel(const Target& target, uint32_t pid) {
  const auto text = ReadProcFile(target, pid, "attr/current");
  if (!text.ok() || Trimmed(*text).empty()) return nullptr;
  return ToUtf8(Trimmed(*text));
}

SectionJson LoginUid(const Target& target, uint32_t pid) {
  const auto uid = Number(target, pid, "loginuid");
  if (!uid || *uid == kNoLoginUid) return nullptr;
  return *uid;
}

// "202 0x7f.." while it waits in a system call, "-1 .." outside of one, "running".
SectionJson WaitingSyscall(const Target& target, uint32_t pid) {
  const auto text = ReadProcFile(target, pid, "syscall");
  if (!text.ok()) return nullptr;
  std::string_view line = *text;
  const auto number = ParseSignedNumber(NextWord(&line));
  if (!number || *number < 0) return nullptr;
  return *number;
}

}  // namespace

SectionJson WaitChannel(const Target& target, uint32_t pid) {
  const auto text = ReadProcFile(target, pid, "wchan");
  if (!text.ok() || text->empty() || *text == "0") return nullptr;
  return ToUtf8(Trimmed(*text));
}

SectionJson ReadProcessDetail(const Target& target, uint32_t pid, ReadNotes* notes) {
  const auto stat_text = ReadProcFile(target, pid, "stat");
  const auto status_text = ReadProcFile(target, pid, "status");
  const auto stat = stat_text.ok() ? ParseProcessStat(*stat_text) : std::nullopt;
  if (!stat || !status_text.ok()) {
    notes->Error("pid", absl::StrCat("process ", pid, " is gone"));
    return nullptr;
  }
  SectionJson out = {{"pid", pid},
                     {"ns_pid", 0},
                     {"comm", ToUtf8(stat->comm)},
                     {"state", ToUtf8(std::string(1, stat->state))},
                     {"wait_channel", WaitChannel(target, pid)},
                     {"waiting_syscall", WaitingSyscall(target, pid)}};
  AddStatus(ParseProcessStatus(*status_text), &out);
  out["lsm_label"] = SecurityLabel(target, pid);
  const auto limits = ReadProcFile(target, pid, "limits");
  if (limits.ok()) out["limits"] = ParseLimits(*limits);
  CountOpenFiles(target, pid, &out, notes);
  out["threads"] = stat->threads;
  SetIfKnown(&out, "oom_score", Number(target, pid, "oom_score"));
  SetIfKnown(&out, "oom_score_adj", Number(target, pid, "oom_score_adj"));
  out["session"] = stat->session;
  out["tty"] = stat->tty != 0;
  out["login_uid"] = LoginUid(target, pid);
  return out;
}

}  // namespace nsobs
