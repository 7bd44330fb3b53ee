#include "userspace/diagnosis/wording.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

bool IsHarmless(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_-./:@%+=,").find(c) != std::string_view::npos;
}

}  // namespace

std::string OneLine(std::string_view text) { return ForLabel(text, 200); }

std::string ShellWord(std::string_view text) {
  const std::string line = OneLine(text);
  // A dash in front would be an option.
  if (!line.empty() && line[0] != '-' && std::all_of(line.begin(), line.end(), IsHarmless)) {
    return line;
  }
  return absl::StrCat("'", absl::StrReplaceAll(line, {{"'", "'\\''"}}), "'");
}

std::string Seconds(int64_t ns) {
  if (ns < 1'000'000'000) return absl::StrCat(std::max<int64_t>(ns, 0) / 1'000'000, " ms");
  const double seconds = static_cast<double>(ns) / 1e9;
  return seconds < 120 ? absl::StrFormat("%.1f s", seconds) : absl::StrFormat("%.0f s", seconds);
}

std::string Bytes(int64_t bytes) {
  static constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  // At most one decimal, and none of a round number.
  const bool round =
      unit == 0 || value >= 100 || value == static_cast<double>(static_cast<int64_t>(value));
  return absl::StrCat(round ? absl::StrFormat("%.0f", value) : absl::StrFormat("%.1f", value), " ",
                      std::string(kUnits[unit]));
}

std::string Percent(double share) { return absl::StrFormat("%.0f %%", share * 100); }

std::string Count(int64_t n, std::string_view noun) {
  return absl::StrCat(n, " ", std::string(noun), n == 1 ? "" : "s");
}

std::string AddressAndPort(std::string_view address, int64_t port) {
  const std::string line = OneLine(address);
  if (line.empty()) return port > 0 ? absl::StrCat("port ", port) : "an unknown address";
  if (port <= 0) return line;
  const bool v6 = line.find(':') != std::string::npos;
  return v6 ? absl::StrCat("[", line, "]:", port) : absl::StrCat(line, ":", port);
}

std::string SignalText(const Node& signal) {
  const int64_t number = signal.number_or(0);
  if (number > 0 && number <= 64) return SignalName(static_cast<int>(number));
  const std::string name = OneLine(signal.text());
  if (name.empty()) return "";
  return name.starts_with("SIG") ? name : absl::StrCat("SIG", name);
}

std::string NamedContainer(const Node& container) {
  const std::string name = OneLine(container["name"].text());
  if (!container.is_object() || name.empty()) return "the host";
  const std::string runtime = OneLine(container["runtime"].text());
  if (runtime == "host") return "the host";
  return runtime.empty() ? name : absl::StrCat(name, " (", runtime, ")");
}

std::string NamedProcess(const Node& process) {
  const std::string comm = OneLine(process["comm"].text());
  const int64_t pid = process["pid"].number_or(0);
  if (comm.empty() && pid <= 0) return "an unknown process";
  if (pid <= 0) return comm;
  return comm.empty() ? absl::StrCat("pid ", pid) : absl::StrCat(comm, " (pid ", pid, ")");
}

std::string NamedSender(const Node& sender) {
  const std::string unit = OneLine(sender["unit"].text());
  std::string out =
      absl::StrCat(NamedProcess(sender["process"]), " of ", NamedContainer(sender["container"]));
  if (!unit.empty()) absl::StrAppend(&out, ", unit ", unit);
  return out;
}

}  // namespace nsobs
