#include "userspace/snapshot/cgroup/cgroup_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <charconv>

#include "userspace/base/fd.h"
#include "userspace/snapshot/proc_file.h"

namespace nsobs {
namespace {

constexpr size_t kFileBytes = 32 << 10;             // memory.stat has 2 KiB
constexpr uint64_t kUnlimited = uint64_t{1} << 62;  // v1: LONG_MAX rounded down to a page

// avg10 is a decimal fraction with a point, whatever the locale.
std::optional<double> Fraction(std::string_view word) {
  double value = 0;
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value);
  if (result.ec != std::errc() || !(value >= 0 && value <= 100)) return std::nullopt;
  return value;
}

void TakePressureLine(std::string_view line, SectionJson* out) {
  const std::string kind(NextWord(&line));
  if (kind != "some" && kind != "full") return;
  for (std::string_view w = NextWord(&line); !w.empty(); w = NextWord(&line)) {
    if (w.starts_with("avg10=")) SetIfKnown(out, (kind + "_avg10").c_str(), Fraction(w.substr(6)));
    if (w.starts_with("total=")) {
      SetIfKnown(out, (kind + "_total_us").c_str(), ParseNumber(w.substr(6)));
    }
  }
}

}  // namespace

// One open, one read: this runs every ten seconds for each container.
std::string ReadCgroupFile(const std::string& directory, const char* name) {
  const UniqueFd fd(open((directory + "/" + name).c_str(),
                         O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW));
  char buffer[kFileBytes];
  const ssize_t n = fd.ok() ? read(fd.get(), buffer, sizeof buffer) : -1;
  return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : "";
}

std::optional<uint64_t> ReadCgroupNumber(const std::string& directory, const char* name) {
  const auto value = ParseNumber(ReadCgroupFile(directory, name));
  return value && *value < kUnlimited ? value : std::nullopt;
}

std::optional<uint64_t> KeyedNumber(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    std::string_view line = NextLine(&text);
    if (NextWord(&line) == key) return ParseNumber(line);
  }
  return std::nullopt;
}

SectionJson ParsePressure(std::string_view text) {
  SectionJson out = SectionJson::object();
  while (!text.empty()) TakePressureLine(NextLine(&text), &out);
  return out.empty() ? SectionJson(nullptr) : out;
}

std::optional<uint64_t> StalledUs(std::string_view pressure) {
  std::string_view line = NextLine(&pressure);
  if (NextWord(&line) != "some") return std::nullopt;
  const size_t total = line.find("total=");
  if (total == std::string_view::npos) return std::nullopt;
  return ParseNumber(line.substr(total + 6));
}

SectionJson ReadPressure(const std::string& directory, const char* suffix) {
  SectionJson out = SectionJson::object();
  bool any = false;
  for (const char* kind : {"cpu", "memory", "io"}) {
    out[kind] = ParsePressure(ReadCgroupFile(directory, (std::string(kind) + suffix).c_str()));
    any = any || !out[kind].is_null();
  }
  return any ? out : SectionJson(nullptr);
}

}  // namespace nsobs
