#include "userspace/correlation/proc_text.h"

#include <charconv>

namespace nsobs {
namespace {

constexpr uint64_t kPfKthread = 0x00200000;  // include/linux/sched.h

// The next run of non-blanks, removed from the front of `text`.
std::string_view NextWord(std::string_view* text) {
  const size_t begin = text->find_first_not_of(" \t");
  if (begin == std::string_view::npos) {
    *text = {};
    return {};
  }
  const size_t end = std::min(text->find_first_of(" \t\n", begin), text->size());
  std::string_view word = text->substr(begin, end - begin);
  text->remove_prefix(end);
  return word;
}

template <typename Int>
bool ParseInt(std::string_view word, Int* out) {
  const auto result = std::from_chars(word.data(), word.data() + word.size(), *out);
  return result.ec == std::errc() && result.ptr == word.data() + word.size();
}

std::string_view NextLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

// True if `controllers` ("cpu,memory") names `wanted`.
bool HasController(std::string_view controllers, std::string_view wanted) {
  while (!controllers.empty()) {
    const size_t comma = std::min(controllers.find(','), controllers.size());
    if (controllers.substr(0, comma) == wanted) return true;
    controllers.remove_prefix(std::min(comma + 1, controllers.size()));
  }
  return false;
}

}  // namespace

std::optional<ProcStat> ParseProcStat(std::string_view text) {
  // comm may hold anything, also ") R 1": the last parenthesis ends it.
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  ProcStat stat;
  stat.comm = std::string(text.substr(open + 1, close - open - 1));
  std::string_view rest = text.substr(close + 1);
  constexpr int kState = 3, kParent = 4, kFlags = 9, kThreads = 20, kStart = 22;
  for (int field = kState; field <= kStart; ++field) {
    const std::string_view word = NextWord(&rest);
    uint64_t flags = 0, threads = 0;
    if (field == kState) stat.dead = word == "Z" || word == "X";
    // The first thread may end before the others.
    if (field == kThreads && ParseInt(word, &threads) && threads > 1) stat.dead = false;
    if (field == kParent && !ParseInt(word, &stat.parent_pid)) return std::nullopt;
    if (field == kFlags) {
      if (!ParseInt(word, &flags)) return std::nullopt;
      stat.kernel_thread = (flags & kPfKthread) != 0;
    }
    if (field == kStart && !ParseInt(word, &stat.start_ticks)) return std::nullopt;
  }
  return stat;
}

std::optional<ProcStatus> ParseProcStatus(std::string_view text) {
  ProcStatus status;
  bool have_uid = false, have_ns_pid = false;
  while (!text.empty()) {
    std::string_view line = NextLine(&text);
    if (line.starts_with("Uid:")) {
      line.remove_prefix(4);
      have_uid = ParseInt(NextWord(&line), &status.uid);
    } else if (line.starts_with("NSpid:")) {
      line.remove_prefix(6);
      std::string_view last;
      for (std::string_view w = NextWord(&line); !w.empty(); w = NextWord(&line)) last = w;
      have_ns_pid = ParseInt(last, &status.ns_pid);
    }
  }
  if (!have_uid || !have_ns_pid) return std::nullopt;
  return status;
}

ProcCgroup ParseProcCgroup(std::string_view text) {
  ProcCgroup cgroup;
  while (!text.empty()) {
    std::string_view line = NextLine(&text);
    const size_t first = line.find(':');
    if (first == std::string_view::npos) continue;
    const size_t second = line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    uint32_t hierarchy = 0;
    if (!ParseInt(line.substr(0, first), &hierarchy)) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    const std::string_view path = line.substr(second + 1);
    if (hierarchy == 0 && controllers.empty()) {
      cgroup.unified = std::string(path);
    } else if (HasController(controllers, "memory")) {
      cgroup.memory = std::string(path);
      cgroup.memory_hierarchy = hierarchy;
    }
  }
  return cgroup;
}

}  // namespace nsobs
