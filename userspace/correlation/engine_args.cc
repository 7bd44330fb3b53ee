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

RuntimeRoots NoRoots() { return {{}, {}, {}, {}, {}, {}, {}, {}, {}}; }

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
std::string Ancestor(std::string path, int count) {
  for (int i = 0; i < count; ++i) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return "";
    path.resize(slash);
  }
  return path;
}

// conmon -b <storage>/overlay-containers/<id>/userdata
void TakeConmon(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  const std::string containers = Ancestor(Option(args, {"-b", "--bundle"}), 2);
  if (containers.ends_with("-containers")) AddPath(Ancestor(containers, 1), &out->podman_storage);
  // <run-root>/<driver>-containers/<id>/userdata/pidfile
  const std::string running = Ancestor(Option(args, {"-p", "--container-pidfile"}), 3);
  if (running.ends_with("-containers")) AddPath(Ancestor(running, 1), &out->podman_run);
}

// containerd-shim-runc-v2 -namespace <ns> -id <id> -address <dir>/containerd.sock
void TakeShim(const std::vector<std::string>& args, const std::string& cwd, RuntimeRoots* out) {
  const std::string directory = Ancestor(Option(args, {"-address", "--address"}), 1);
  if (directory.empty()) return;
  AddPath(directory, &out->containerd_state);
  // The one that dockerd starts: <exec-root>/containerd/{containerd.sock,daemon/}.
  if (directory.ends_with("/containerd")) {
    AddPath(directory + "/daemon", &out->containerd_state);
    const bool docker = Option(args, {"-namespace", "--namespace"}) == "moby";
    if (docker) AddPath(Ancestor(directory, 1), &out->docker_exec);
  }
  const size_t tasks = cwd.find(kTasks);
  if (tasks != std::string::npos) AddPath(cwd.substr(0, tasks), &out->containerd_state);
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
    AddPath(Ancestor(config, 1) + "/daemon", &out->containerd_state);
  }
}

// runc --root <dir>, when no engine gave it: those of engines hold what their readers know better.
void TakeRunc(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  const std::string root = Option(args, {"--root"});
  const bool of_engine = root.find("/runtime-runc/") != std::string::npos ||
                         root.find("/containerd/runc/") != std::string::npos;
  if (!of_engine) AddPath(root, &out->runc);
}

void TakeCrun(const std::vector<std::string>& args, const std::string&, RuntimeRoots* out) {
  AddPath(Option(args, {"--root"}), &out->crun);
}

struct Engine {
  std::string_view comm;
  bool prefix;
  void (*take)(const std::vector<std::string>& args, const std::string& cwd, RuntimeRoots* out);
};
constexpr std::array<Engine, 6> kEngines = {{
    {"conmon", false, TakeConmon},
    {"containerd-shim", true, TakeShim},
    {"containerd", false, TakeContainerd},
    {"dockerd", false, TakeDockerd},
    {"runc", false, TakeRunc},
    {"crun", false, TakeCrun},
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
  RuntimeRoots out = NoRoots();
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
