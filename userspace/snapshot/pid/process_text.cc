#include "userspace/snapshot/pid/process_text.h"

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr uint64_t kNsPerTick = 10'000'000;  // USER_HZ is 100 on every architecture

// include/uapi/linux/capability.h, by number.
constexpr std::string_view kCapabilities[] = {"chown",
                                              "dac_override",
                                              "dac_read_search",
                                              "fowner",
                                              "fsetid",
                                              "kill",
                                              "setgid",
                                              "setuid",
                                              "setpcap",
                                              "linux_immutable",
                                              "net_bind_service",
                                              "net_broadcast",
                                              "net_admin",
                                              "net_raw",
                                              "ipc_lock",
                                              "ipc_owner",
                                              "sys_module",
                                              "sys_rawio",
                                              "sys_chroot",
                                              "sys_ptrace",
                                              "sys_pacct",
                                              "sys_admin",
                                              "sys_boot",
                                              "sys_nice",
                                              "sys_resource",
                                              "sys_time",
                                              "sys_tty_config",
                                              "mknod",
                                              "lease",
                                              "audit_write",
                                              "audit_control",
                                              "setfcap",
                                              "mac_override",
                                              "mac_admin",
                                              "syslog",
                                              "wake_alarm",
                                              "block_suspend",
                                              "audit_read",
                                              "perfmon",
                                              "bpf",
                                              "checkpoint_restore"};

// The kernel's words and the names that setrlimit(2) and the runtimes use.
constexpr std::pair<std::string_view, const char*> kLimits[] = {
    {"Max cpu time", "cpu"},
    {"Max file size", "fsize"},
    {"Max data size", "data"},
    {"Max stack size", "stack"},
    {"Max core file size", "core"},
    {"Max resident set", "rss"},
    {"Max processes", "nproc"},
    {"Max open files", "nofile"},
    {"Max locked memory", "memlock"},
    {"Max address space", "as"},
    {"Max file locks", "locks"},
    {"Max pending signals", "sigpending"},
    {"Max msgqueue size", "msgqueue"},
    {"Max nice priority", "nice"},
    {"Max realtime priority", "rtprio"},
    {"Max realtime timeout", "rttime"}};

uint64_t Mask(std::string_view value) {
  const std::string_view word = NextWord(&value);
  uint64_t mask = 0;
  std::from_chars(word.data(), word.data() + word.size(), mask, 16);
  return mask;
}

std::vector<uint32_t> Ids(std::string_view value) {
  std::vector<uint32_t> out;
  for (std::string_view w = NextWord(&value); !w.empty() && out.size() < 4; w = NextWord(&value)) {
    out.push_back(static_cast<uint32_t>(ParseNumber(w).value_or(0)));
  }
  return out;
}

uint32_t LastId(std::string_view value) {
  uint32_t last = 0;
  for (std::string_view w = NextWord(&value); !w.empty(); w = NextWord(&value)) {
    last = static_cast<uint32_t>(ParseNumber(w).value_or(0));
  }
  return last;
}

uint64_t* MaskField(std::string_view key, ProcessStatus* s) {
  if (key == "SigBlk") return &s->signals_blocked;
  if (key == "SigIgn") return &s->signals_ignored;
  if (key == "SigCgt") return &s->signals_caught;
  if (key == "CapInh") return &s->cap_inheritable;
  if (key == "CapPrm") return &s->cap_permitted;
  if (key == "CapEff") return &s->cap_effective;
  if (key == "CapBnd") return &s->cap_bounding;
  if (key == "CapAmb") return &s->cap_ambient;
  return nullptr;
}

void TakeStatus(std::string_view key, std::string_view value, ProcessStatus* s) {
  if (uint64_t* mask = MaskField(key, s)) {
    *mask = Mask(value);
  } else if (key == "SigPnd" || key == "ShdPnd") {
    s->signals_pending |= Mask(value);
  } else if (key == "Uid") {
    s->uids = Ids(value);
  } else if (key == "Gid") {
    s->gids = Ids(value);
  } else if (key == "NSpid") {
    s->ns_pid = LastId(value);
  } else if (key == "VmRSS") {
    if (const auto kib = ParseNumber(NextWord(&value))) s->rss_bytes = *kib * 1024;
  } else if (key == "Seccomp") {
    if (const auto mode = ParseNumber(value)) s->seccomp = static_cast<uint32_t>(*mode);
  } else if (key == "NoNewPrivs") {
    if (const auto set = ParseNumber(value)) s->no_new_privs = *set != 0;
  }
}

SectionJson Limit(std::string_view word) { return OrNull(ParseNumber(word)); }

}  // namespace

std::optional<ProcessStat> ParseProcessStat(std::string_view text) {
  // comm may hold anything, also ") R 1": the last parenthesis ends it.
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  ProcessStat stat;
  stat.comm = std::string(text.substr(open + 1, close - open - 1));
  std::string_view rest = text.substr(close + 1);
  constexpr int kState = 3, kParent = 4, kSession = 6, kTty = 7, kThreads = 20, kStart = 22;
  for (int field = kState; field <= kStart; ++field) {
    const std::string_view word = NextWord(&rest);
    if (word.empty()) return std::nullopt;
    const int64_t number = ParseSignedNumber(word).value_or(0);
    if (field == kState) stat.state = word[0];
    if (field == kParent) stat.parent_pid = static_cast<uint32_t>(number);
    if (field == kSession) stat.session = static_cast<uint32_t>(number);
    if (field == kTty) stat.tty = static_cast<int32_t>(number);
    if (field == kThreads) stat.threads = static_cast<uint32_t>(number);
    if (field == kStart) stat.start_boot_ns = ParseNumber(word).value_or(0) * kNsPerTick;
  }
  return stat;
}

ProcessStatus ParseProcessStatus(std::string_view text) {
  ProcessStatus status;
  while (!text.empty()) {
    const std::string_view line = NextLine(&text);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    TakeStatus(line.substr(0, colon), line.substr(colon + 1), &status);
  }
  return status;
}

SectionJson ParseLimits(std::string_view text) {
  SectionJson out = SectionJson::object();
  while (!text.empty()) {
    std::string_view line = NextLine(&text);
    for (const auto& [words, name] : kLimits) {
      if (!line.starts_with(words)) continue;
      line.remove_prefix(words.size());
      const std::string_view soft = NextWord(&line);
      out[name] = {{"soft", Limit(soft)}, {"hard", Limit(NextWord(&line))}};
      break;
    }
  }
  return out;
}

SectionJson SignalNames(uint64_t mask) {
  SectionJson out = SectionJson::array();
  for (int bit = 0; bit < 64; ++bit) {
    if ((mask >> bit & 1) != 0) out.push_back(SignalName(bit + 1).substr(3));
  }
  return out;
}

SectionJson CapabilityNames(uint64_t mask) {
  SectionJson out = SectionJson::array();
  for (size_t bit = 0; bit < 64; ++bit) {
    if ((mask >> bit & 1) == 0) continue;
    out.push_back(bit < std::size(kCapabilities) ? std::string(kCapabilities[bit])
                                                 : absl::StrCat("cap_", bit));
  }
  return out;
}

}  // namespace nsobs
