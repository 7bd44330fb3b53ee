#include "userspace/correlation/runtime_args.h"

#include <algorithm>
#include <array>
#include <string_view>

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

}  // namespace

std::optional<RuntimeCall> ParseRuntimeCall(const std::vector<std::string>& args) {
  if (args.empty()) return std::nullopt;
  RuntimeCall call;
  call.runtime = args[0].substr(args[0].rfind('/') + 1);
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
