#include "userspace/correlation/engine_args.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <utility>

namespace nsobs {
namespace {

constexpr size_t kMaxRoots = 16;
constexpr size_t kMaxPath = 512;
constexpr char kTasks[] = "/io.containerd.runtime.v2.task/";

bool IsUsable(const std::string& path) {
  return path.size() > 1 && path.size() <= kMaxPath && path.front() == '/' &&
         path.find("..") == std::string::npos && path.find('\0') == std::string::npos;
}

void AddPath(std::string path, std::vector<std::string>* out) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  if (IsUsable(path)) out->push_back(std::move(path));
}

// The value of the first of `names`, as "--name value" or "--name=value"; "" if absent.
std::string Option(const std::vector<std::string>& args,
                   std::initializer_list<std::string_view> names) {
  for (size_t i = 1; i < args.size(); ++i) {
    for (std::string_view name : names) {
      if (args[i] == name && i + 1 < args.size()) return args[i + 1];
      if (args[i].starts_with(name) && args[i].size() > name.size() &&
          args[i][name.size()] == '=') {
        return args[i].substr(name.size() + 1);
      }
    }
  }
  return "";
}

// `path` without its last `count` components; "" if it has fewer.
std::string FolderAbove(std::string path, int count) {
  for (int i = 0; i < count; ++i) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return "";
    path.resize(slash);
  }
  return path;
}

// conmon -b <storage>/overlay-containers/<id>/userdata; podman starts it in that directory.
void TakeConmon(const std::vector<std::string>& args, const std::string& cwd, RuntimeRoots* out) {
  const std::string bundle = Option(args, {"-b", "--bundle"});
  for (const std::string& userdata : {bundle, cwd}) {
    const std::string containers = FolderAbove(userdata, 2);
    if (containers.ends_with("-containers"))
      AddPath(FolderAbove(containers, 1), &out->podman_storage);
    if (userdata == cwd) break;
  }
  // <run-root>/<driver>-containers/<id>/userdata/pidfile
  // CRI-O tells its runtime where to keep states: --runtime-arg --root=/run/runc-crio.
  const std::string state = Option(args, {"--root"});
  AddPath(state, &out->runc);
  AddPath(state, &out->crun);
  const std::string running = FolderAbove(Option(args, {"-p", "--container-pidfile"}), 3);
  if (!running.ends_with("-containers")) return;
  const std::string run = FolderAbove(running, 1);
  AddPath(run, &out->podman_run);
  // Rootless: <XDG_RUNTIME_DIR>/containers, beside what the low-level runtime keeps.
  if (!run.ends_with("/containers")) return;
  AddPath(FolderAbove(run, 1) + "/runc", &out->runc);
  AddPath(FolderAbove(run, 1) + "/crun", &out->crun);
}

// <state>/io.containerd.runtime.v2.task/<namespace>/<id>, where containerd starts a shim.
void TakeShimDirectory(const std::string& cwd, RuntimeRoots* out) {
  const size_t tasks = cwd.find(kTasks);
  if (tasks == std::string::npos) return;
  const std::string state = cwd.substr(0, tasks);
  AddPath(state, &out->containerd_state);
  const std::string_view ns = std::string_view(cwd).substr(tasks + std::string_view(kTasks).size());
  const bool dockers = ns.starts_with("moby/") && state.ends_with("/containerd/daemon");
  if (!dockers) return;
  const std::string exec = FolderAbove(state, 2);
  AddPath(exec, &out->docker_exec);
}

// containerd-shim-runc-v2 -namespace <ns> -id <id> -address <dir>/containerd.sock
void TakeShim(const std::vector<std::string>& args, const std::string& cwd, RuntimeRoots* out) {
  const std::string directory = FolderAbove(Option(args, {"-address", "--address"}), 1);
  if (!directory.empty()) AddPath(directory, &out->containerd_state);
  // The one that dockerd starts: <exec-root>/containerd/{containerd.sock,daemon/}.
  if (directory.ends_with("/containerd")) {
    AddPath(directory + "/daemon", &out->containerd_state);
    const bool docker = Option(args, {"-namespace", "--namespace"}) == "moby";
    if (docker) AddPath(FolderAbove(directory, 1), &out->docker_exec);
  }
  TakeShimDirectory(cwd, out);
}

void TakeDockerd(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  AddPath(Option(args, {"--data-root", "--graph", "-g"}), &out->docker_data);
  AddPath(Option(args, {"--exec-root"}), &out->docker_exec);
}

void TakeContainerd(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  AddPath(Option(args, {"--state"}), &out->containerd_state);
  const std::string config = Option(args, {"--config", "-c"});
  // dockerd writes <exec-root>/containerd/containerd.toml.
  if (config.ends_with("/containerd/containerd.toml")) {
    AddPath(FolderAbove(config, 1) + "/daemon", &out->containerd_state);
  }
}

// runc --root <dir>, when no engine gave it: those of engines hold what their readers know better.
void TakeRunc(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  const std::string root = Option(args, {"--root"});
  const bool of_engine = root.find("/runtime-runc/") != std::string::npos ||
                         root.find("/containerd/runc/") != std::string::npos;
  if (!of_engine) AddPath(root, &out->runc);
}

// runsc-sandbox --root=<dir> ... boot <id>; runsc --root <dir> run <id>
void TakeRunsc(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  const bool is_runsc = !args.empty() && args[0].find("runsc") != std::string::npos;
  if (is_runsc) AddPath(Option(args, {"--root", "-root"}), &out->runsc);
}

// "[lxc monitor] <lxcpath> <name>", which the monitor calls itself; lxc-start -P <lxcpath> -n
// <name>
void TakeLxc(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  constexpr std::string_view kMonitor = "[lxc monitor] ";
  std::string all;
  for (const std::string& word : args) all += (all.empty() ? "" : " ") + word;
  if (all.starts_with(kMonitor)) {
    const size_t end = all.rfind(' ');
    if (end > kMonitor.size())
      AddPath(all.substr(kMonitor.size(), end - kMonitor.size()), &out->lxc);
    return;
  }
  AddPath(Option(args, {"-P", "--lxcpath"}), &out->lxc);
}

void TakeCrun(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  AddPath(Option(args, {"--root"}), &out->crun);
}

struct Engine {
  std::string_view comm;
  bool prefix;
  void (*take)(const std::vector<std::string>& args, const std::string& cwd, RuntimeRoots* out);
};
constexpr std::array<Engine, 11> kEngines = {{
    {"conmon", false, TakeConmon},
    {"containerd-shim", true, TakeShim},
    {"containerd", false, TakeContainerd},
    {"dockerd", false, TakeDockerd},
    {"runc", false, TakeRunc},
    {"crun", false, TakeCrun},
    {"runsc", true, TakeRunsc},
    {"exe", false, TakeRunsc},  // the sandbox, which runsc starts by /proc/self/exe
    {"lxc-start", false, TakeLxc},
    {"lxc monitor", false, TakeLxc},
    {"[lxc monitor]", true, TakeLxc},
}};

const Engine* FindEngine(std::string_view comm) {
  for (const Engine& engine : kEngines) {
    if (engine.prefix ? comm.starts_with(engine.comm) : comm == engine.comm) return &engine;
  }
  return nullptr;
}

}  // namespace

bool IsEngineComm(std::string_view comm) { return FindEngine(comm) != nullptr; }

RuntimeRoots ParseEngineArgs(std::string_view comm, const std::vector<std::string>& args,
                             const std::string& cwd) {
  RuntimeRoots out = RuntimeRoots::None();
  if (const Engine* engine = FindEngine(comm)) engine->take(args, cwd, &out);
  return out;
}

bool MergeRoots(const RuntimeRoots& more, RuntimeRoots* roots) {
  constexpr std::array kMembers = {
      &RuntimeRoots::docker_data,
      &RuntimeRoots::docker_exec,
      &RuntimeRoots::podman_storage,
      &RuntimeRoots::podman_run,
      &RuntimeRoots::containerd_state,
      &RuntimeRoots::containerd_runc,
      &RuntimeRoots::runc,
      &RuntimeRoots::crun,
      &RuntimeRoots::netns,
      &RuntimeRoots::lxc,
      &RuntimeRoots::runsc,
      &RuntimeRoots::nspawn,
  };
  bool any = false;
  for (auto member : kMembers) {
    std::vector<std::string>& known = roots->*member;
    for (const std::string& path : more.*member) {
      const bool is_new = std::find(known.begin(), known.end(), path) == known.end();
      if (!is_new || known.size() >= kMaxRoots) continue;
      known.push_back(path);
      any = true;
    }
  }
  return any;
}

std::vector<std::string> SplitArgs(std::string_view args) {
  std::vector<std::string> words;
  while (!args.empty()) {
    const size_t blank = std::min(args.find(' '), args.size());
    if (blank > 0) words.emplace_back(args.substr(0, blank));
    args.remove_prefix(std::min(blank + 1, args.size()));
  }
  return words;
}

}  // namespace nsobs
