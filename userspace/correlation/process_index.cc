#include "userspace/correlation/process_index.h"

#include <algorithm>

#include "userspace/correlation/proc_text.h"

namespace nsobs {

namespace {

const LineageLimits& LimitsOf(const Process& process) {
  return process.ns_pid == process.pid ? kHostLineage : kContainedLineage;
}

LineageNode NodeOf(const Process& process, const Executable& executable) {
  LineageNode node;
  node.id = IdOf(process);
  node.comm = process.comm;
  node.login_uid = process.login_uid;
  node.executable = executable;
  return node;
}

}  // namespace

const ProcessIndex::Entry* ProcessIndex::Find(const ProcessId& id) const {
  auto it = entries_.find(id);
  return it == entries_.end() ? nullptr : &it->second;
}

void ProcessIndex::Erase(const ProcessId& id) {
  auto it = entries_.find(id);
  if (it == entries_.end()) return;
  auto young = by_pid_.find(id.pid);
  if (young != by_pid_.end() && young->second == id) by_pid_.erase(young);
  auto queue = by_cgroup_.find(it->second.process.cgroup);
  if (queue != by_cgroup_.end()) {
    auto& ids = queue->second;
    ids.erase(std::remove(ids.begin(), ids.end(), id), ids.end());
    if (ids.empty()) by_cgroup_.erase(queue);
  }
  entries_.erase(it);
}

void ProcessIndex::MakeRoom(const CgroupKey& cgroup) {
  auto queue = by_cgroup_.find(cgroup);
  if (queue != by_cgroup_.end() && queue->second.size() >= limits_.per_cgroup) {
    const auto& ids = queue->second;
    const auto is_dead = [this](const ProcessId& id) { return entries_.at(id).died_boot_ns != 0; };
    auto victim = std::find_if(ids.begin(), ids.end(), is_dead);
    Erase(ProcessId(victim == ids.end() ? ids.front() : *victim));
  }
  // The dead go first, then the oldest. Ids of entries that are gone already do no harm.
  while (entries_.size() >= limits_.processes && !dead_.empty()) {
    Erase(ProcessId(dead_.front().second));
    dead_.pop_front();
  }
  while (entries_.size() >= limits_.processes && !by_age_.empty()) {
    Erase(ProcessId(by_age_.front()));
    by_age_.pop_front();
  }
}

ProcessIndex::Entry* ProcessIndex::Touch(const Process& process) {
  const ProcessId id = IdOf(process);
  auto it = entries_.find(id);
  if (it != entries_.end()) {
    Entry& entry = it->second;
    if (!(entry.process.cgroup == process.cgroup)) {
      Entry moved = std::move(entry);
      Erase(id);
      by_cgroup_[process.cgroup].push_back(id);
      by_pid_[id.pid] = id;
      it = entries_.emplace(id, std::move(moved)).first;
    }
    it->second.process = process;
    return &it->second;
  }
  MakeRoom(process.cgroup);
  // by_age_ keeps the ids of entries that were erased since; it is trimmed here, at a constant
  // cost for each new one.
  if (by_age_.size() > 2 * limits_.processes) {
    std::erase_if(by_age_, [this](const ProcessId& old) { return !entries_.contains(old); });
  }
  by_age_.push_back(id);
  by_cgroup_[process.cgroup].push_back(id);
  by_pid_[id.pid] = id;
  Entry& entry = entries_[id];
  entry.process = process;
  return &entry;
}

void ProcessIndex::Exec(const Process& process, const ProcessExec& exec, int64_t boot_ns) {
  if (process.pid == 0) return;
  const Entry* known = Find(IdOf(process));
  const Lineage before = known == nullptr ? nullptr : known->lineage;
  const Lineage parent =
      before != nullptr ? before->parent : ParentLineage(process, exec.forebears);
  LineageNode node = NodeOf(process, exec.executable);
  node.args = exec.args;
  node.args_cut = exec.truncated;
  node.cgroup = process.cgroup;
  Entry* entry = Touch(process);
  entry->lineage = Descend(std::move(node), parent, before.get(), LimitsOf(process), &last_cut_);
  entry->process.exe_args.reset();
  entry->args = exec.args;
  entry->have_args = true;
  entry->exec_boot_ns = boot_ns;
}

void ProcessIndex::Exit(const Process& process, int64_t boot_ns) {
  auto it = entries_.find(IdOf(process));
  if (it == entries_.end() || it->second.died_boot_ns != 0) return;
  it->second.died_boot_ns = boot_ns;
  dead_.emplace_back(boot_ns, it->first);
}

void ProcessIndex::OomKill(const Process& victim) {
  if (victim.pid == 0) return;
  auto it = entries_.find(IdOf(victim));
  Entry* entry = it == entries_.end() ? Touch(victim) : &it->second;
  entry->oom_killed = true;
}

void ProcessIndex::Add(const Process& process, std::optional<std::string> args,
                       const Executable& executable) {
  LineageNode node = NodeOf(process, executable);
  node.args = args;
  node.cgroup = process.cgroup;
  const Entry* parent = FindParent(process.parent_pid, process);
  Lineage lineage = Descend(std::move(node), parent == nullptr ? nullptr : parent->lineage,
                            /*before=*/nullptr, LimitsOf(process), &last_cut_);
  Entry* entry = Touch(process);
  entry->lineage = std::move(lineage);
  if (!args) return;
  entry->args = *std::move(args);
  entry->have_args = true;
  entry->exec_boot_ns = static_cast<int64_t>(process.start_boot_ns);
}

const ProcessIndex::Entry* ProcessIndex::FindParent(uint32_t pid, const Process& child) const {
  auto it = by_pid_.find(pid);
  if (it == by_pid_.end() || it->second.start_ticks > IdOf(child).start_ticks) return nullptr;
  return Find(it->second);
}

// A parent that only forked is known from the records of its children alone: it is remembered, so
// that their own children find it after it is dead.
Lineage ProcessIndex::TakeForebear(const Process& child, const Forebear& forebear,
                                   const Forebear* parent) {
  const Entry* known = Find(IdOf(forebear.key));
  const Lineage before = known == nullptr ? nullptr : known->lineage;
  const bool as_known = before != nullptr &&
                        (!forebear.executable.known() || before->executable == forebear.executable);
  if (as_known) return before;
  Lineage above = before == nullptr ? nullptr : before->parent;
  if (before == nullptr && parent != nullptr) above = TakeForebear(child, *parent, nullptr);
  Process process = known == nullptr ? Process{} : known->process;
  if (known == nullptr) {
    process.pid = process.tid = process.ns_pid = forebear.key.pid;
    process.start_boot_ns = forebear.key.start_boot_ns;
    process.parent_pid = parent == nullptr ? 0 : parent->key.pid;
    // It counts as its child does; a container's init has a parent outside.
    if (child.ns_pid != 1) process.cgroup = child.cgroup;
  }
  process.comm = forebear.comm;
  Lineage lineage = Descend(NodeOf(process, forebear.executable), std::move(above), before.get(),
                            LimitsOf(child));
  Touch(process)->lineage = lineage;
  return lineage;
}

Lineage ProcessIndex::ParentLineage(const Process& process,
                                    const std::vector<Forebear>& forebears) {
  if (!forebears.empty()) {
    return TakeForebear(process, forebears[0], forebears.size() > 1 ? &forebears[1] : nullptr);
  }
  const Entry* parent = FindParent(process.parent_pid, process);
  return parent == nullptr ? nullptr : parent->lineage;
}

Lineage ProcessIndex::LineageOf(const Process& process, const Executable& executable) const {
  const Entry* own = Find(IdOf(process));
  const Lineage before = own == nullptr ? nullptr : own->lineage;
  if (before != nullptr && (!executable.known() || before->executable == executable)) return before;
  LineageNode node = NodeOf(process, executable);
  node.args = process.exe_args;
  if (before != nullptr) {
    return Descend(std::move(node), before->parent, before.get(), LimitsOf(process));
  }
  const Entry* parent = FindParent(process.parent_pid, process);
  return Descend(std::move(node), parent == nullptr ? nullptr : parent->lineage, nullptr,
                 LimitsOf(process));
}

void ProcessIndex::FillArgs(Process* process) const {
  if (process->pid == 0 || process->exe_args) return;
  const Entry* own = Find(IdOf(*process));
  if (own != nullptr && own->have_args) {
    process->exe_args = own->args;
    return;
  }
  auto it = by_pid_.find(process->parent_pid);
  const Entry* parent = it == by_pid_.end() ? nullptr : Find(it->second);
  if (parent == nullptr || !parent->have_args) return;
  // An orphan's parent is whoever adopted it: the name has to agree too.
  const auto started = static_cast<int64_t>(process->start_boot_ns);
  if (parent->exec_boot_ns <= started && parent->process.comm == process->comm) {
    process->exe_args = parent->args;
  }
}

void ProcessIndex::DropDead(int64_t now_boot_ns) {
  const int64_t oldest = now_boot_ns - absl::ToInt64Nanoseconds(limits_.linger);
  while (!dead_.empty() && dead_.front().first < oldest) {
    Erase(ProcessId(dead_.front().second));
    dead_.pop_front();
  }
}

}  // namespace nsobs
