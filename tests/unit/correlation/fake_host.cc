#include "tests/unit/correlation/fake_host.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

namespace fs = std::filesystem;

uint64_t StartTicks(const FakeProcess& process) {
  return process.start_ticks != 0 ? process.start_ticks : process.pid;
}

uint32_t InodeOf(const FakeProcess& process, NamespaceKind kind) {
  auto it = process.ns.find(kind);
  return it != process.ns.end() ? it->second : HostNamespaces()[kind].inode;
}

Executable ExecutableOf(const FakeProcess& process) {
  return {process.exe, process.exe == 0 ? 0u : 8u << 20, process.nameless};
}

std::string StatText(const FakeProcess& process) {
  std::ostringstream out;
  out << process.pid << " (" << process.comm << ") " << process.state << " " << process.parent_pid;
  for (int field = 5; field <= 19; ++field) out << " 0";
  out << " 1 0 " << StartTicks(process);  // threads, itrealvalue, starttime
  for (int field = 23; field <= 52; ++field) out << " 0";
  return out.str() + "\n";
}

}  // namespace

NamespaceSet HostNamespaces() {
  NamespaceSet set;
  for (NamespaceKind kind : kNamespaceKinds) set[kind].inode = 1000 + static_cast<uint32_t>(kind);
  return set;
}

std::map<NamespaceKind, uint32_t> ContainerNamespaces(uint32_t inode) {
  return {{NamespaceKind::kMnt, inode},
          {NamespaceKind::kPid, inode + 1},
          {NamespaceKind::kNet, inode + 2},
          {NamespaceKind::kIpc, inode + 3},
          {NamespaceKind::kUts, inode + 4}};
}

FakeHost::FakeHost() {
  std::string pattern = testing::TempDir() + "/fake_host_XXXXXX";
  root_ = mkdtemp(pattern.data());
  for (const char* folder : {"proc/self/ns", "cgroup/unified", "cgroup/memory"}) {
    MakeDirectory(folder);
  }
  Write("proc/self/cgroup", std::to_string(kMemoryHierarchy) + ":memory:/\n0::/\n");
  Write("proc/self/mountinfo", "31 23 0:28 / " + Path("cgroup") + " rw - tmpfs tmpfs rw\n" +
                                   "35 31 0:32 / " + Path("cgroup/memory") +
                                   " rw,relatime - cgroup cgroup rw,memory\n" + "41 31 0:38 / " +
                                   Path("cgroup/unified") + " rw - cgroup2 cgroup2 rw\n");
  Start({.pid = 1, .parent_pid = 0, .comm = "init"});
  for (NamespaceKind kind : kNamespaceKinds) {
    const std::string name(Name(kind));
    fs::create_symlink(name + ":[" + std::to_string(HostNamespaces()[kind].inode) + "]",
                       Path("proc/self/ns/" + name));
  }
}

FakeHost::~FakeHost() { fs::remove_all(root_); }

void FakeHost::Write(const std::string& relative, std::string_view text) const {
  fs::create_directories(fs::path(Path(relative)).parent_path());
  // As runtimes do: a new file in the place of the old one.
  const std::string temporary = Path(relative) + ".new";
  std::ofstream(temporary, std::ios::binary) << text;
  fs::rename(temporary, Path(relative));
}

void FakeHost::Remove(const std::string& relative) const { fs::remove_all(Path(relative)); }

void FakeHost::MakeDirectory(const std::string& relative) const {
  fs::create_directories(Path(relative));
}

void FakeHost::Start(const FakeProcess& process) const {
  const std::string folder = "proc/" + std::to_string(process.pid);
  Remove(folder);
  MakeDirectory(folder + "/ns");
  Write(folder + "/stat", StatText(process));
  const uint32_t ns_pid = process.ns_pid != 0 ? process.ns_pid : process.pid;
  Write(folder + "/status", "Name:\t" + process.comm + "\nUid:\t" + std::to_string(process.uid) +
                                "\t0\t0\t0\nNSpid:\t" + std::to_string(process.pid) + "\t" +
                                std::to_string(ns_pid) + "\n");
  Write(folder + "/cgroup", std::to_string(kMemoryHierarchy) + ":memory:" + process.memory +
                                "\n0::" + process.unified + "\n");
  std::string args = process.args;
  std::replace(args.begin(), args.end(), ' ', '\0');
  Write(folder + "/cmdline", args);
  for (NamespaceKind kind : kNamespaceKinds) {
    const std::string name(Name(kind));
    fs::create_symlink(name + ":[" + std::to_string(InodeOf(process, kind)) + "]",
                       Path(folder + "/ns/" + name));
  }
  Cgroup(process.unified, 0);
  Cgroup(process.memory, kMemoryHierarchy);
}

void FakeHost::End(uint32_t pid) const { Remove("proc/" + std::to_string(pid)); }

CgroupKey FakeHost::Cgroup(const std::string& path, uint32_t hierarchy) const {
  const std::string mount = hierarchy == 0 ? "cgroup/unified" : "cgroup/memory";
  MakeDirectory(mount + path);
  struct stat st{};
  EXPECT_EQ(stat(Path(mount + path).c_str(), &st), 0);
  return {st.st_ino, hierarchy};
}

// A kernel never gives a cgroup's id again; a filesystem gives a removed directory's inode to the
// next one. So it is moved away, out of every hierarchy, and lives as long as the host.
void FakeHost::RemoveCgroup(const std::string& path) const {
  MakeDirectory("gone");
  for (const std::string& folder : {"cgroup/unified" + path, "cgroup/memory" + path}) {
    struct stat st{};
    if (stat(Path(folder).c_str(), &st) != 0) continue;
    fs::rename(Path(folder), Path("gone/" + std::to_string(st.st_ino)));
  }
}

CorrelatorOptions FakeHost::Options() const {
  CorrelatorOptions options;
  options.proc_root = Path("proc");
  options.roots.docker_data = {Path("docker/data")};
  options.roots.docker_exec = {Path("docker/exec")};
  options.roots.podman_storage = {Path("podman")};
  options.roots.podman_run = {Path("podman-run")};
  options.roots.containerd_state = {Path("ctd")};
  options.roots.containerd_runc = {Path("ctd-runc")};
  options.roots.runc = {Path("runc")};
  options.roots.crun = {Path("crun")};
  options.roots.lxc = {Path("lxc")};
  options.roots.runsc = {Path("runsc")};
  options.roots.nspawn = {Path("machines")};
  options.roots.netns = {Path("netns")};
  return options;
}

void FakeHost::AddDocker(const std::string& id, const std::string& name) const {
  nlohmann::json json = nlohmann::json::parse(Fixture("docker_config.v2.json"));
  json["ID"] = id;
  json["Name"] = "/" + name;
  Write("docker/data/containers/" + id + "/config.v2.json", json.dump());
}

void FakeHost::AddPodman(const std::map<std::string, std::string>& name_by_id) const {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const auto& [id, name] : name_by_id) {
    const nlohmann::ordered_json metadata = {{"image-name", "localhost/bb:1"}, {"name", name}};
    list.push_back({{"id", id}, {"names", {name}}, {"metadata", metadata.dump()}});
  }
  Write("podman/overlay-containers/containers.json", list.dump());
}

void FakeHost::AddRuncState(const std::string& root, const std::string& id, const FakeProcess& init,
                            const std::string& cgroup_path) const {
  const nlohmann::json state = {
      {"id", id},
      {"init_process_pid", init.pid},
      {"init_process_start", StartTicks(init)},
      {"cgroup_paths",
       {{"", "/sys/fs/cgroup/unified" + cgroup_path},
        {"memory", "/sys/fs/cgroup/memory" + cgroup_path}}},
      {"config", {{"labels", {"com.example.app=" + id, "bundle=/tmp/bundle"}}}}};
  Write(root + "/" + id + "/state.json", state.dump());
}

void FakeHost::AddCrunStatus(const std::string& id, const FakeProcess& init,
                             const std::string& cgroup_path) const {
  const nlohmann::json status = {{"pid", init.pid},
                                 {"process-start-time", StartTicks(init)},
                                 {"cgroup-path", cgroup_path},
                                 {"bundle", "/tmp/bundle"}};
  Write("crun/" + id + "/status", status.dump(4));
  Write("crun/" + id + "/config.json", Fixture("crun_config.json"));
}

Process FakeHost::ToProcess(const FakeProcess& fake) const {
  Process process;
  process.pid = process.tid = fake.pid;
  process.ns_pid = fake.ns_pid != 0 ? fake.ns_pid : fake.pid;
  process.parent_pid = fake.parent_pid;
  process.start_boot_ns = StartTicks(fake) * kNsPerTick + 1234567;
  process.uid = fake.uid;
  process.comm = fake.comm;
  for (NamespaceKind kind : kNamespaceKinds) {
    process.namespaces[kind].inode = InodeOf(fake, kind);
    auto id = fake.ns_id.find(kind);
    if (id != fake.ns_id.end()) process.namespaces[kind].id = id->second;
  }
  const bool by_memory = fake.unified == "/";
  const std::string& path = by_memory ? fake.memory : fake.unified;
  process.cgroup = Cgroup(path, by_memory ? kMemoryHierarchy : 0);
  process.cgroup_level =
      path == "/" ? 0 : static_cast<uint32_t>(std::count(path.begin(), path.end(), '/'));
  return process;
}

Event FakeHost::Exec(const FakeProcess& process, int64_t boot_ns) const {
  Event event;
  event.kind = EventKind::kProcessExec;
  event.boot_ns = boot_ns;
  event.process = ToProcess(process);
  event.detail = ProcessExec{process.args, false, ExecutableOf(process)};
  return event;
}

Event FakeHost::Exit(const FakeProcess& process, int64_t boot_ns, int code, int signal) const {
  Event event;
  event.kind = EventKind::kProcessExit;
  event.boot_ns = boot_ns;
  event.process = ToProcess(process);
  ProcessExit exit;
  exit.exit_code = code;
  exit.signal = signal;
  exit.lifetime_ns = static_cast<uint64_t>(boot_ns) - event.process.start_boot_ns;
  event.detail = exit;
  return event;
}

Event FakeHost::CgroupBorn(const std::string& path, int64_t boot_ns, uint32_t hierarchy) const {
  Event event;
  event.kind = EventKind::kCgroupChange;
  event.boot_ns = boot_ns;
  CgroupChange change;
  change.cgroup = Cgroup(path, hierarchy);
  change.born = true;
  change.path = path;
  event.detail = change;
  return event;
}

Event FakeHost::CgroupDied(const CgroupKey& key, const std::string& path, int64_t boot_ns) {
  Event event;
  event.kind = EventKind::kCgroupChange;
  event.boot_ns = boot_ns;
  CgroupChange change;
  change.cgroup = key;
  change.path = path;
  event.detail = change;
  return event;
}

Event FakeHost::Change(const FakeProcess& fake, NamespaceChange::Operation operation,
                       int64_t boot_ns) const {
  Event event;
  event.kind = EventKind::kNamespaceChange;
  event.boot_ns = boot_ns;
  event.process = ToProcess(fake);
  NamespaceChange change;
  change.operation = operation;
  change.from = HostNamespaces();
  change.to = event.process.namespaces;
  change.executable = ExecutableOf(fake);
  for (const auto& [kind, inode] : fake.ns) change.changed |= 1 << static_cast<int>(kind);
  event.detail = change;
  return event;
}

Event FakeHost::Connect(const FakeProcess& process, int64_t boot_ns) const {
  Event event;
  event.kind = EventKind::kConnectFailure;
  event.boot_ns = boot_ns;
  event.process = ToProcess(process);
  event.detail = ConnectFailure{};
  return event;
}

Event FakeHost::Kill(const FakeProcess& target, const FakeProcess& sender, int64_t boot_ns) const {
  Event event;
  event.kind = EventKind::kSignal;
  event.boot_ns = boot_ns;
  event.process = ToProcess(target);
  Signal signal;
  signal.sender = ToProcess(sender);
  event.detail = signal;
  return event;
}

Event FakeHost::Oom(const FakeProcess& victim, int64_t boot_ns) const {
  Event event;
  event.kind = EventKind::kOomKill;
  event.boot_ns = boot_ns;
  event.process = ToProcess(victim);
  OomKill oom;
  oom.reason = OomKill::Reason::kCgroup;
  oom.victim_memory = oom.limit_cgroup = Cgroup(victim.memory, kMemoryHierarchy);
  event.detail = oom;
  return event;
}

std::string Fixture(const std::string& name) {
  const std::string path = std::string(NSOBS_FIXTURES) + "/" + name;
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string FullId(const std::string& seed) { return seed + std::string(64 - seed.size(), '0'); }

}  // namespace nsobs
