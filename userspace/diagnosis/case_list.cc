#include "userspace/diagnosis/case_list.h"

#include "absl/strings/str_split.h"

namespace nsobs {
namespace {

constexpr CaseRow kCases[] = {
    {"net-dns", NetDns, "connect_failure packet_drop", "net"},
    {"net-dns", NetDnsQuery, "dns_failure", ""},
    {"net-unix", NetUnix, "connect_failure", ""},
    {"net-publish", NetPublish, "connect_failure", ""},
    {"net-loopback", NetLoopback, "connect_failure", "net"},
    {"net-local-only", NetLocalOnly, "connect_failure", ""},
    {"net-link-down", NetLinkDown, "connect_failure", "net"},
    {"net-no-route", NetNoRoute, "connect_failure", "net"},
    {"net-policy-drop", NetPolicyDrop, "connect_failure packet_drop", ""},
    {"net-peer-silent", NetPeerSilent, "connect_failure", "net"},
    {"net-ephemeral", NetEphemeral, "connect_failure bind_failure", "net"},
    {"net-port-clash", NetPortClash, "bind_failure", "net"},
    {"net-link-down", NetLinkDownNow, "hand", "net"},
    {"net-no-route", NetNoDefaultRoute, "hand", "net"},
    {"net-dns", NetDnsNow, "hand", "net"},

    {"mnt-empty-volume", MntEmptyVolume, "file_failure", "mnt"},
    {"mnt-propagation", MntPropagation, "file_failure hand", "mnt"},
    {"mnt-missing", MntMissing, "file_failure", "mnt"},
    {"mnt-read-only", MntReadOnly, "file_failure", "mnt"},
    {"mnt-full", MntFull, "file_failure", "mnt"},
    {"mnt-full", MntFullNow, "hand", "mnt"},
    {"mnt-permission", MntPermission, "file_failure", "mnt"},
    {"mnt-lsm", MntLsm, "file_failure", "mnt pid"},
    {"mnt-copy-up", MntCopyUp, "copy_up pressure", "mnt"},
    {"mnt-copy-up", MntCopyUpNow, "hand", "mnt"},

    {"cap-missing", CapMissing, "file_failure bind_failure", "pid"},
    {"usr-mapping", UsrMapping, "file_failure bind_failure", "user"},

    {"oom-host", OomHost, "oom_kill container_end", ""},
    {"oom-pod", OomPod, "oom_kill container_end", ""},
    {"oom-helper", OomHelper, "oom_kill", ""},
    {"oom-container", OomContainer, "oom_kill container_end", ""},

    {"pid-shell-form", PidShellForm, "term_ignored container_end", ""},
    {"pid-term-ignored", PidTermIgnored, "term_ignored container_end", ""},
    {"pid-crash", PidCrash, "crash container_end", ""},
    {"pid-who-killed", PidWhoKilled, "sigkill_by_other crash container_end", ""},
    {"pid-init-exit", PidInitExit, "container_end", ""},
    {"pid-stuck", PidStuck, "stuck hand", "pid"},
    {"pid-zombies", PidZombies, "zombies", ""},
    {"pid-zombies", PidZombies, "hand", "pid"},
    {"pressure", Pressure, "pressure", ""},
    {"pressure", Pressure, "hand", "cgroup"},

    {"ns-entry", NsEntry, "namespace_entry", ""},
    {"ns-leak", NsLeak, "namespace_leak", ""},
    {"ns-tool-view", NsToolView, "hand", "mnt"},
    {"ns-sharing", NsSharing, "hand", ""},
    {"pid-term-ignored", PidTermIgnoredNow, "hand", "pid"},

    {"silent-probe", SilentProbeFound, "silent_probe", ""},
};

bool HasWord(std::string_view words, std::string_view word) {
  for (absl::string_view w : absl::StrSplit(absl::string_view(words.data(), words.size()), ' ')) {
    if (std::string_view(w.data(), w.size()) == word) return true;
  }
  return false;
}

}  // namespace

bool CaseRow::IsFor(const Record& record) const {
  const std::string rule = record.by_hand() ? "hand" : record.rule();
  // "hand" is no rule's name, whatever a record says.
  if ((rule == "hand") != record.by_hand() || !HasWord(rules, rule)) return false;
  for (absl::string_view section : absl::StrSplit(
           absl::string_view(sections.data(), sections.size()), ' ', absl::SkipEmpty())) {
    if (!record[std::string_view(section.data(), section.size())].is_object()) return false;
  }
  return true;
}

std::span<const CaseRow> CaseList() { return kCases; }

}  // namespace nsobs
