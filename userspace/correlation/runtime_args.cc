#include "userspace/correlation/runtime_args.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "userspace/correlation/cgroup_path.h"

namespace nsobs {
namespace {

constexpr size_t kMaxId = 255;

// Options of both runtimes, global and of run and create, whose value is the next word.
constexpr std::array<std::string_view, 15> kWithValue = {
    "--root",   "--log", "--log-format",     "--log-level",      "--criu",
    "--bundle", "-b",    "--pid-file",       "--console-socket", "--preserve-fds",
    "--config", "-f",    "--cgroup-manager", "--rootless",       "--console"};

bool IsId(std::string_view word) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
  return !word.empty() && word.size() <= kMaxId && word.front() != '-' && word != "." &&
         word != ".." && word.find_first_not_of(kAllowed) == std::string_view::npos;
}

// The first word from `i` on that is no option.
size_t NextPositional(const std::vector<std::string>& args, size_t i) {
  while (i < args.size() && args[i].starts_with('-')) {
    const bool has_value =
        std::find(kWithValue.begin(), kWithValue.end(), args[i]) != kWithValue.end();
    i += has_value ? 2 : 1;
  }
  return i;
}

bool IsOfEngine(const std::vector<std::string>& args) {
  return std::any_of(args.begin(), args.end(), [](const std::string& word) {
    return word.find("/runtime-runc/") != std::string::npos ||
           word.find("/containerd/runc/") != std::string::npos;
  });
}

// systemd-nspawn -M NAME or, without that, -D DIRECTORY, whose last part it takes for the name.
std::optional<RuntimeCall> ParseNspawn(const std::vector<std::string>& args) {
  std::string machine, directory;
  for (size_t i = 1; i < args.size(); ++i) {
    const std::string next = i + 1 < args.size() ? args[i + 1] : "";
    const bool is_machine = args[i] == "-M" || args[i] == "--machine";
    const bool is_directory = args[i] == "-D" || args[i] == "--directory";
    std::string* value = is_machine ? &machine : is_directory ? &directory : nullptr;
    std::string text = next;
    for (const auto& [prefix, target] :
         {std::pair{std::string_view("--machine="), &machine}, {"--directory=", &directory}}) {
      if (!args[i].starts_with(prefix)) continue;
      value = target;
      text = args[i].substr(prefix.size());
    }
    if (value == nullptr) continue;
    if (!value->empty()) return std::nullopt;  // a word of something else looks like it
    *value = text;
  }
  while (directory.ends_with('/')) directory.pop_back();
  RuntimeCall call{"nspawn",
                   machine.empty() ? directory.substr(directory.rfind('/') + 1) : machine};
  return IsId(call.id) ? std::optional(call) : std::nullopt;
}

// runsc-sandbox OPTIONS boot OPTIONS ID: what runsc starts itself as.
std::optional<RuntimeCall> ParseSandbox(const std::vector<std::string>& args) {
  const bool boots = std::find(args.begin(), args.end(), "boot") != args.end();
  if (!boots || !IsId(args.back()) || IsOfEngine(args) || IsFullId(args.back()))
    return std::nullopt;
  return RuntimeCall{"runsc", args.back()};
}

}  // namespace

std::optional<RuntimeCall> ParseRuntimeCall(const std::vector<std::string>& args) {
  if (args.empty()) return std::nullopt;
  RuntimeCall call;
  call.runtime = args[0].substr(args[0].rfind('/') + 1);
  if (call.runtime == "systemd-nspawn") return ParseNspawn(args);
  if (call.runtime == "runsc-sandbox") return ParseSandbox(args);
  if (call.runtime != "runc" && call.runtime != "crun") return std::nullopt;
  const size_t command = NextPositional(args, 1);
  if (command >= args.size() || (args[command] != "run" && args[command] != "create")) {
    return std::nullopt;
  }
  // It must be the last word: an argument with a blank in it looks like two.
  const size_t id = NextPositional(args, command + 1);
  if (id + 1 != args.size() || !IsId(args[id]) || IsOfEngine(args)) return std::nullopt;
  if (IsFullId(args[id])) return std::nullopt;
  call.id = args[id];
  return call;
}

}  // namespace nsobs
