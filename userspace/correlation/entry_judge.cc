#include "userspace/correlation/entry_judge.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "userspace/correlation/engine_args.h"
#include "userspace/correlation/executable_file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxAncestors = 8;    // that an event carries
constexpr size_t kMaxRemembered = 64;  // of one engine

template <typename T>
bool Contains(const std::vector<T>& all, const T& one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

template <typename T>
void AddOnce(const T& one, std::vector<T>* all) {
  if (all->size() < kMaxRemembered && !Contains(*all, one)) all->push_back(one);
}

std::vector<Ancestor> ToAncestors(const Lineage& lineage) {
  std::vector<Ancestor> out;
  for (const LineageNode* node = lineage.get(); node != nullptr; node = node->parent.get()) {
    if (out.size() == kMaxAncestors) break;
    out.push_back({node->id.pid, node->comm, node->args, node->login_uid});
  }
  return out;
}

// A monitor's arguments say whose it is: conmon -c ID, containerd-shim -id ID (in a pod that of the
// sandbox), lxc and nspawn by name. Without that a container's parent is only who adopted it.
bool NamesContainer(const std::vector<std::string>& args, const Owner& owner) {
  constexpr std::string_view kPod = "pod:";
  const std::string& pod = owner.facts.pod_key;
  const std::string sandbox = pod.starts_with(kPod) ? pod.substr(kPod.size()) : "";
  return std::any_of(args.begin(), args.end(), [&](const std::string& word) {
    return !word.empty() && (word == owner.draft.id || word == owner.draft.name || word == sandbox);
  });
}

// "-r /usr/bin/runc", of conmon; "" if absent.
std::string RuntimePath(const std::vector<std::string>& args) {
  for (size_t i = 1; i + 1 < args.size(); ++i) {
    if ((args[i] == "-r" || args[i] == "--runtime") && args[i + 1].starts_with('/')) {
      return args[i + 1];
    }
  }
  return "";
}

// Where the low-level runtime of a container is that was there before us, and of which nothing but
// the kind is known.
std::vector<std::string> UsualFiles(const std::string& runtime, const std::string& oci_runtime) {
  const std::string program = runtime == "crun" || oci_runtime == "crun" ? "crun" : "runc";
  std::vector<std::string> files;
  for (const char* folder : {"/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/"}) {
    files.push_back(folder + program);
  }
  return files;
}

// What the child that looks is called (snapshot/child.cc); it runs no other program.
constexpr char kLookComm[] = "nsobs-look";

}  // namespace

EntryJudge::EntryJudge(Indexes* indexes)
    : indexes_(*indexes), own_(StatExecutable(indexes->options.proc_root + "/self/exe")) {}

std::optional<Entry> EntryJudge::Judge(const Process& who, const NamespaceChange& change,
                                       OwnerId target, int64_t boot_ns) const {
  const Owner* owner = indexes_.owners.Get(target);
  if (owner == nullptr || owner->sort != OwnerSort::kContainer) return std::nullopt;
  const bool entered = change.operation == NamespaceChange::Operation::kSetns && change.error == 0;
  if (!entered || !owner->facts.alive || IsAtHome(who, change, *owner, boot_ns)) {
    return std::nullopt;
  }
  const Lineage lineage = indexes_.processes.LineageOf(who, change.executable);
  Entry entry;
  entry.lineage = ToAncestors(lineage);
  entry.before_start = !owner->init_is_alive;
  const bool own_look = own_.known() && change.executable == own_ && who.comm == kLookComm;
  // Before the first program there is nothing in it but what engines put there.
  entry.by = entry.before_start || own_look
                 ? Entry::By::kEngine
                 : Decide(lineage, EngineOf(*owner, boot_ns), owner->facts.id, boot_ns);
  return entry;
}

bool EntryJudge::IsAtHome(const Process& who, const NamespaceChange& change, const Owner& owner,
                          int64_t boot_ns) const {
  const auto is_own = [&](NamespaceKind kind, const NamespaceIdentity& identity) {
    const NamespaceInfo* info = indexes_.namespaces.Find(kind, identity, boot_ns);
    return info != nullptr && PrimaryOwner(info->owners, indexes_.owners) == owner.facts.id;
  };
  if (is_own(NamespaceKind::kPid, who.namespaces[NamespaceKind::kPid])) return true;
  // Containers in the host's pid namespace: by the mount namespace it comes from.
  const bool in_cgroup = indexes_.finder.OwnerOf(who.cgroup, boot_ns) == owner.facts.id;
  const Lineage lineage = indexes_.processes.LineageOf(who, change.executable);
  return in_cgroup && !lineage->executable.nameless &&
         is_own(NamespaceKind::kMnt, change.from[NamespaceKind::kMnt]);
}

EntryJudge::Engine EntryJudge::EngineOf(const Owner& owner, int64_t boot_ns) const {
  Engine engine;
  TakeMakers(owner, boot_ns, &engine);
  TakeMonitor(owner, &engine);
  if (engine.makers.empty()) TakeRuntimeFiles(owner, &engine);
  return engine;
}

void EntryJudge::TakeMakers(const Owner& owner, int64_t boot_ns, Engine* engine) const {
  for (NamespaceKind kind : kNamespaceKinds) {
    const NamespaceInfo* info =
        indexes_.namespaces.Find(kind, owner.draft.namespaces[kind], boot_ns);
    if (info == nullptr || info->maker == nullptr) continue;
    if (PrimaryOwner(info->owners, indexes_.owners) != owner.facts.id) continue;
    if (info->maker->named.known()) {
      AddOnce(info->maker->named, &engine->makers);
      AddOnce(info->maker->named, &engine->runtimes);
    }
    for (const LineageNode* node = info->maker.get(); node; node = node->parent.get()) {
      AddOnce(Member{node->id, node->named}, &engine->line);
      if (engine->home == 0) engine->home = indexes_.finder.OwnerOf(node->cgroup, boot_ns);
    }
  }
}

const ProcessIndex::Entry* EntryJudge::MonitorOf(const Owner& owner) const {
  const ProcessIndex::Entry* init = owner.init ? indexes_.processes.Find(*owner.init) : nullptr;
  if (init == nullptr || init->process.parent_pid <= 1) return nullptr;
  const ProcessIndex::Entry* parent =
      indexes_.processes.FindParent(init->process.parent_pid, init->process);
  if (parent == nullptr || !NamesContainer(SplitArgs(parent->args), owner)) return nullptr;
  return parent;
}

void EntryJudge::TakeMonitor(const Owner& owner, Engine* engine) const {
  const ProcessIndex::Entry* monitor = MonitorOf(owner);
  if (monitor == nullptr || monitor->lineage == nullptr) return;
  engine->monitor = monitor->lineage->id;
  if (monitor->lineage->named.known()) AddOnce(monitor->lineage->named, &engine->runtimes);
  // Only root's paths are walked: anybody else may lead them to a server that never answers.
  const std::string path = RuntimePath(SplitArgs(monitor->args));
  if (path.empty() || monitor->process.uid != 0) return;
  const Executable runtime = StatExecutable(path);
  if (runtime.known()) AddOnce(runtime, &engine->makers);
  if (runtime.known()) AddOnce(runtime, &engine->runtimes);
}

void EntryJudge::TakeRuntimeFiles(const Owner& owner, Engine* engine) const {
  for (const std::string& path : UsualFiles(owner.draft.runtime, owner.draft.oci_runtime)) {
    const Executable file = StatExecutable(path);
    if (!file.known()) continue;
    AddOnce(file, &engine->makers);
    AddOnce(file, &engine->runtimes);
  }
}

Entry::By EntryJudge::Decide(const Lineage& who, const Engine& engine, OwnerId target,
                             int64_t boot_ns) const {
  if (!who->named.known()) return Entry::By::kUnknown;
  if (Contains(engine.line, Member{who->id, who->named})) return Entry::By::kEngine;
  // A program of another container is a stranger, whatever started that container.
  for (const LineageNode* node = who.get(); node != nullptr; node = node->parent.get()) {
    if (Contains(engine.line, Member{node->id, node->named})) break;
    const OwnerId home = indexes_.finder.OwnerOf(node->cgroup, boot_ns);
    // A runtime's copy in memory may be in the container's cgroup already.
    const bool arriving = home == target && node->executable.nameless;
    if (home != 0 && home != engine.home && !arriving) return Entry::By::kStranger;
  }
  if (Contains(engine.runtimes, who->named)) return Entry::By::kEngine;
  const LineageNode* parent = who->parent.get();
  while (parent != nullptr && parent->named == who->named) parent = parent->parent.get();
  if (parent != nullptr) {
    const bool of_maker = parent->named.known() && Contains(engine.makers, parent->named);
    if (of_maker || engine.monitor == parent->id) return Entry::By::kEngine;
  }
  return engine.makers.empty() ? Entry::By::kUnknown : Entry::By::kStranger;
}

}  // namespace nsobs
