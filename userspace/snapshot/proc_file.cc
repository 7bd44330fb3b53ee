#include "userspace/snapshot/proc_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "userspace/base/fd.h"
#include "userspace/base/file.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr std::string_view kBlanks = " \t\n";

template <typename Int>
std::optional<Int> Parse(std::string_view word) {
  const size_t begin = word.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return std::nullopt;
  word = word.substr(begin, word.find_last_not_of(kBlanks) - begin + 1);
  Int value = 0;
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  if (result.ec != std::errc() || result.ptr != word.data() + word.size()) return std::nullopt;
  return value;
}

std::optional<uint32_t> InodeOfLink(const std::string& path) {
  const auto link = ReadLink(path);
  if (!link.ok()) return std::nullopt;
  const auto parsed = ParseNamespaceLink(*link);
  if (!parsed) return std::nullopt;
  return parsed->second;
}

}  // namespace

std::string ProcPath(const Target& target, uint32_t pid, std::string_view name) {
  return absl::StrCat(target.proc_root, "/", pid, "/", absl::string_view(name.data(), name.size()));
}

absl::StatusOr<std::string> ReadProcFile(const Target& target, uint32_t pid,
                                         std::string_view name) {
  return ReadSmallFile(ProcPath(target, pid, name), kSmallFileBytes);
}

absl::StatusOr<BoundedText> ReadLines(const std::string& path, size_t cap_bytes) {
  UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.ok()) return ErrnoStatus(errno, path);
  struct stat st{};
  if (fstat(fd.get(), &st) != 0) return ErrnoStatus(errno, path);
  if (!S_ISREG(st.st_mode)) return absl::FailedPreconditionError(path + ": not a regular file");
  BoundedText out;
  char buffer[32768];
  while (true) {
    const ssize_t n = read(fd.get(), buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, path);
    if (n == 0) return out;
    out.text.append(buffer, static_cast<size_t>(n));
    if (out.text.size() <= cap_bytes) continue;
    out.truncated = true;
    out.text.resize(cap_bytes);
    out.text.resize(out.text.rfind('\n') + 1);  // npos + 1: no whole line at all
    return out;
  }
}

std::optional<uint32_t> NamespaceInode(const Target& target, uint32_t pid, NamespaceKind kind) {
  return InodeOfLink(ProcPath(target, pid, absl::StrCat("ns/", Name(kind).data())));
}

bool SharesNamespaceWithReader(const Target& target, NamespaceKind kind) {
  const auto own = InodeOfLink(absl::StrCat(target.proc_root, "/self/ns/", Name(kind).data()));
  return own && own == NamespaceInode(target, target.pid, kind);
}

std::optional<uint64_t> ParseNumber(std::string_view word) { return Parse<uint64_t>(word); }
std::optional<int64_t> ParseSignedNumber(std::string_view word) { return Parse<int64_t>(word); }

std::string_view NextWord(std::string_view* line) {
  const size_t begin = std::min(line->find_first_not_of(kBlanks), line->size());
  const size_t end = std::min(line->find_first_of(kBlanks, begin), line->size());
  const std::string_view word = line->substr(begin, end - begin);
  line->remove_prefix(end);
  return word;
}

std::string_view NextLine(std::string_view* text) {
  const size_t end = std::min(text->find('\n'), text->size());
  const std::string_view line = text->substr(0, end);
  text->remove_prefix(std::min(end + 1, text->size()));
  return line;
}

bool DeadlinePassed(const Target& target) { return absl::Now() >= target.deadline; }

}  // namespace nsobs
