#include "userspace/config/value_text.h"

#include <array>
#include <limits>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

absl::string_view Absl(std::string_view s) { return absl::string_view(s.data(), s.size()); }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits at the front of `text`; nullopt if there are none or too many.
std::optional<uint64_t> TakeNumber(std::string_view& text) {
  size_t length = 0;
  while (length < text.size() && IsDigit(text[length])) ++length;
  uint64_t value = 0;
  if (!absl::SimpleAtoi(Absl(text.substr(0, length)), &value)) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

struct Unit {
  std::string_view name;
  uint64_t factor;
};

constexpr uint64_t kMillisecond = 1;
constexpr uint64_t kDay = 24ull * 60 * 60 * 1000;
constexpr uint64_t kLongest = 36525 * kDay;
constexpr std::array<Unit, 5> kDurationUnits = {
    {{"d", kDay}, {"h", kDay / 24}, {"m", 60ull * 1000}, {"s", 1000}, {"ms", kMillisecond}}};

// Largest first: BytesText takes the first that divides. Decimal units are read, never written.
constexpr std::array<Unit, 4> kBinaryUnits = {
    {{"TiB", 1ull << 40}, {"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}}};
constexpr std::array<Unit, 6> kOtherUnits = {{{"", 1},
                                              {"B", 1},
                                              {"kB", 1000},
                                              {"MB", 1000ull * 1000},
                                              {"GB", 1000ull * 1000 * 1000},
                                              {"TB", 1000ull * 1000 * 1000 * 1000}}};

template <size_t N>
const Unit* FindUnit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units) {
    if (absl::EqualsIgnoreCase(Absl(unit.name), Absl(name))) return &unit;
  }
  return nullptr;
}

// Names of signals that SignalName() gives another name.
constexpr std::array<std::pair<std::string_view, int>, 4> kSignalAliases = {
    {{"SIGIO", 29}, {"SIGIOT", 6}, {"SIGCLD", 17}, {"SIGRTMAX", 64}}};

}  // namespace

std::optional<absl::Duration> ParseDuration(std::string_view text) {
  if (text == "0") return absl::ZeroDuration();
  if (text.empty()) return std::nullopt;
  uint64_t total = 0;
  while (!text.empty()) {
    const std::optional<uint64_t> number = TakeNumber(text);
    size_t length = 0;
    while (length < text.size() && !IsDigit(text[length])) ++length;
    const Unit* unit = FindUnit(kDurationUnits, text.substr(0, length));
    if (!number || unit == nullptr || *number > kLongest / unit->factor) return std::nullopt;
    total += *number * unit->factor;
    if (total > kLongest) return std::nullopt;
    text.remove_prefix(length);
  }
  return absl::Milliseconds(total);
}

std::string DurationText(absl::Duration value) {
  const auto milliseconds = static_cast<uint64_t>(absl::ToInt64Milliseconds(value));
  if (milliseconds == 0) return "0";
  for (const Unit& unit : kDurationUnits) {
    if (milliseconds % unit.factor == 0) {
      return absl::StrCat(milliseconds / unit.factor, Absl(unit.name));
    }
  }
  return absl::StrCat(milliseconds, "ms");
}

std::optional<uint64_t> ParseBytes(std::string_view text) {
  const std::optional<uint64_t> number = TakeNumber(text);
  if (!number) return std::nullopt;
  const Unit* unit = FindUnit(kBinaryUnits, text);
  if (unit == nullptr) unit = FindUnit(kOtherUnits, text);
  if (unit == nullptr || *number > std::numeric_limits<uint64_t>::max() / unit->factor) {
    return std::nullopt;
  }
  return *number * unit->factor;
}

std::string BytesText(uint64_t value) {
  for (const Unit& unit : kBinaryUnits) {
    if (value != 0 && value % unit.factor == 0) {
      return absl::StrCat(value / unit.factor, Absl(unit.name));
    }
  }
  return absl::StrCat(value);
}

std::optional<uint64_t> ParseCount(std::string_view text) {
  const std::optional<uint64_t> number = TakeNumber(text);
  return text.empty() ? number : std::nullopt;
}

std::optional<bool> ParseSwitch(std::string_view text) {
  const std::string lower = absl::AsciiStrToLower(Absl(text));
  if (lower == "on" || lower == "true" || lower == "yes") return true;
  if (lower == "off" || lower == "false" || lower == "no") return false;
  return std::nullopt;
}

std::optional<HostPort> ParseHostPort(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<uint64_t> port = ParseCount(text.substr(colon + 1));
  if (!port || *port > 65535) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.empty()) return HostPort{"0.0.0.0", static_cast<uint16_t>(*port)};
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // A bare IPv6 address would leave open where it ends.
  if (bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  for (const char c : host) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && !absl::StrContains(".:-_%", c)) {
      return std::nullopt;
    }
  }
  return HostPort{std::string(host), static_cast<uint16_t>(*port)};
}

std::string HostPortText(const HostPort& value) {
  if (value.host.find(':') != std::string::npos) {
    return absl::StrCat("[", value.host, "]:", value.port);
  }
  return absl::StrCat(value.host, ":", value.port);
}

std::optional<int> ParseSignal(std::string_view text) {
  if (const std::optional<uint64_t> number = ParseCount(text)) {
    if (*number < 1 || *number > 64) return std::nullopt;
    return static_cast<int>(*number);
  }
  std::string name = absl::AsciiStrToUpper(Absl(text));
  if (!absl::StartsWith(name, "SIG")) name = absl::StrCat("SIG", name);
  for (int signal = 1; signal <= 64; ++signal) {
    if (name == SignalName(signal)) return signal;
  }
  for (const auto& [alias, signal] : kSignalAliases) {
    if (name == alias) return signal;
  }
  return std::nullopt;
}

}  // namespace nsobs
