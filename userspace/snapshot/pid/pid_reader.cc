// The section PID: who lives in the target's pid namespace, and the details of its init.
#include <dirent.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/pid/process_detail.h"
#include "userspace/snapshot/pid/process_text.h"
#include "userspace/snapshot/proc_file.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {
namespace {

constexpr size_t kMaxProcessRows = 512;

std::vector<uint32_t> AllPids(const Target& target) {
  std::vector<uint32_t> pids;
  const Directory dir(opendir(target.proc_root.c_str()));
  if (dir == nullptr) return pids;
  while (const dirent* entry = readdir(dir.get())) {
    if (const auto pid = ParseNumber(entry->d_name); pid && *pid <= UINT32_MAX) {
      pids.push_back(static_cast<uint32_t>(*pid));
    }
  }
  std::sort(pids.begin(), pids.end());
  return pids;
}

std::optional<ProcessStat> Stat(const Target& target, uint32_t pid) {
  const auto text = ReadProcFile(target, pid, "stat");
  return text.ok() ? ParseProcessStat(*text) : std::nullopt;
}

struct Members {
  std::vector<uint32_t> pids;
  bool late = false;  // out of time before all were looked at
};

// A zombie has let go of its namespaces: it is where its parent is.
Members FindMembers(const Target& target, uint32_t inode) {
  Members out;
  absl::flat_hash_set<uint32_t> living;
  std::vector<std::pair<uint32_t, uint32_t>> orphans;  // pid and parent's
  size_t looked_at = 0;
  for (const uint32_t pid : AllPids(target)) {
    if (++looked_at % 64 == 0 && DeadlinePassed(target)) {
      out.late = true;
      break;
    }
    if (const auto own = NamespaceInode(target, pid, NamespaceKind::kPid)) {
      if (*own != inode) continue;
      living.insert(pid);
      out.pids.push_back(pid);
    } else if (const auto stat = Stat(target, pid); stat && stat->zombie()) {
      orphans.emplace_back(pid, stat->parent_pid);
    }
  }
  for (const auto& [pid, parent] : orphans) {
    if (living.contains(parent)) out.pids.push_back(pid);
  }
  std::sort(out.pids.begin(), out.pids.end());
  return out;
}

SectionJson Row(const Target& target, uint32_t pid, const ProcessStat& stat) {
  const auto text = ReadProcFile(target, pid, "status");
  const ProcessStatus status = ParseProcessStatus(text.ok() ? *text : "");
  SectionJson row = {{"pid", pid},
                     {"ns_pid", status.ns_pid},
                     {"parent_pid", stat.parent_pid},
                     {"comm", ToUtf8(stat.comm)},
                     {"state", ToUtf8(std::string(1, stat.state))},
                     {"threads", stat.threads},
                     {"wait_channel", WaitChannel(target, pid)},
                     {"uid", status.uids.empty() ? 0 : status.uids[0]},
                     {"start_boot_ns", stat.start_boot_ns}};
  // The first thread may end before the others: that is a process at work, not one to be reaped.
  if (stat.zombie() && stat.threads <= 1) row["zombie_of"] = stat.parent_pid;
  return row;
}

void AddProcesses(const Target& target, uint32_t inode, SectionJson* out, ReadNotes* notes) {
  const Members members = FindMembers(target, inode);
  SectionJson rows = SectionJson::array();
  uint32_t zombies = 0;
  bool late = members.late;
  for (const uint32_t pid : members.pids) {
    late = late || DeadlinePassed(target);
    if (late) break;
    const auto stat = Stat(target, pid);
    if (!stat) continue;  // ended meanwhile
    if (stat->zombie() && stat->threads <= 1) ++zombies;
    if (rows.size() < kMaxProcessRows) rows.push_back(Row(target, pid, *stat));
  }
  if (late || members.pids.size() > kMaxProcessRows) notes->Truncated("/pid/processes");
  if (late) notes->Error("pid", "out of time: not all processes were looked at");
  (*out)["processes"] = std::move(rows);
  (*out)["zombies"] = zombies;
}

}  // namespace

void ReadPid(const Target& target, SectionJson* out, ReadNotes* notes) {
  auto inode = NamespaceInode(target, target.pid, NamespaceKind::kPid);
  // The target may be a zombie by now.
  const uint32_t expected = target.request->namespaces[NamespaceKind::kPid].inode;
  if (!inode && expected != 0) inode = expected;
  SetIfKnown(out, "inode", inode);
  // Details first: with many processes the time may run out.
  const uint32_t init = target.request->init_pid;
  const SectionJson process = ReadProcessDetail(target, target.pid, notes);
  if (init != 0) {
    (*out)["init"] = init == target.pid ? process : ReadProcessDetail(target, init, notes);
  }
  (*out)["process"] = process;
  if (inode) {
    AddProcesses(target, *inode, out, notes);
  } else {
    notes->Error("pid", "the pid namespace of the target can't be read");
  }
}

}  // namespace nsobs
