// Files of the host's procfs and cgroupfs, with a bound on size: what every reader reads through.
// Of /proc/PID only what no lock of the process's memory can hold up (never cmdline, environ, maps,
// mem).
#pragma once

#include <dirent.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

inline constexpr size_t kSmallFileBytes = 64 << 10;

struct CloseDirectory {
  void operator()(DIR* directory) const { closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

struct BoundedText {
  std::string text;
  bool truncated = false;  // there was more; `text` ends with a whole line then
};

// <proc_root>/<pid>/<name>.
std::string ProcPath(const Target& target, uint32_t pid, std::string_view name);

// A small file of a process; raw bytes.
absl::StatusOr<std::string> ReadProcFile(const Target& target, uint32_t pid, std::string_view name);

// The first `cap_bytes` of a regular file of the host, cut behind the last whole line.
absl::StatusOr<BoundedText> ReadLines(const std::string& path, size_t cap_bytes);

// Of /proc/PID/ns/<kind>; nullopt if it can't be read (a zombie has no namespaces, and some kernels
// refuse those of process 1 even to root).
std::optional<uint32_t> NamespaceInode(const Target& target, uint32_t pid, NamespaceKind kind);

// True if the target lives in the reader's own namespace of this kind.
bool SharesNamespaceWithReader(const Target& target, NamespaceKind kind);

// A decimal number that fills the whole of `word`, blanks around it allowed.
std::optional<uint64_t> ParseNumber(std::string_view word);
std::optional<int64_t> ParseSignedNumber(std::string_view word);

// The line's first word is removed from `line` and returned; "" at its end.
std::string_view NextWord(std::string_view* line);
std::string_view NextLine(std::string_view* text);

// True once a reader should stop and say so.
bool DeadlinePassed(const Target& target);

// `value`, or null.
template <typename T>
SectionJson OrNull(const std::optional<T>& value) {
  return value ? SectionJson(*value) : SectionJson(nullptr);
}

// Sets out[key] only if there is a value: what could not be read is absent.
template <typename T>
void SetIfKnown(SectionJson* out, const char* key, const std::optional<T>& value) {
  if (value) (*out)[key] = *value;
}

}  // namespace nsobs
