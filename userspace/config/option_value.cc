// Reading and writing the value of one option, by its type.
#include <unistd.h>

#include <algorithm>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/config/options.h"
#include "userspace/config/value_text.h"

namespace nsobs {
namespace {

constexpr std::string_view kAuto = "auto";
constexpr size_t kShownBytes = 60;
constexpr size_t kMaxContainers = 64;       // that a list may name
constexpr size_t kMaxContainerBytes = 256;  // of one of them

// What can be a container's name: the rest is a slip of the pen, and would wait for ever.
bool MayBeContainer(std::string_view word) {
  if (word.empty() || word.size() > kMaxContainerBytes || word[0] == '-') return false;
  for (const char c : word) {
    if (c <= ' ' || c == 0x7f || c == '"' || c == '\'') return false;
  }
  return true;
}

// A user and password do not belong here: everybody sees the command line.
bool IsHttpUrl(std::string_view word) {
  std::string_view rest = word;
  if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    rest.remove_prefix(8);
  } else {
    return false;
  }
  const std::string_view host = rest.substr(0, rest.find('/'));
  if (host.empty() || host[0] == ':' || host.find('@') != std::string_view::npos) return false;
  return std::all_of(word.begin(), word.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

std::string Quote(std::string_view word) {
  const bool cut = word.size() > kShownBytes;
  return absl::StrCat("\"", ForTerminal(word.substr(0, kShownBytes)), cut ? "…" : "", "\"");
}

// Parses one word of each type into the Config. `allowed` is the range in words.
struct Setter {
  Config& config;
  std::span<const std::string> words;
  const std::string& allowed;

  absl::Status Refuse(std::string_view word, std::string_view why, std::string_view shown) const {
    return absl::InvalidArgumentError(
        absl::StrCat(Quote(word), " ", std::string(why), " (allowed: ", std::string(shown), ")"));
  }
  absl::Status Refuse(std::string_view why) const { return Refuse(words[0], why, allowed); }

  absl::Status operator()(const PathOption& o) const {
    if (words[0].empty()) return Refuse("is not a path");
    o.field(config) = words[0];
    return absl::OkStatus();
  }

  absl::Status operator()(const PathsOption& o) const {
    for (const std::string& word : words) {
      if (word.empty() || word[0] != '/') return Refuse(word, "is not an absolute path", allowed);
    }
    o.field(config) = {words.begin(), words.end()};
    return absl::OkStatus();
  }

  absl::Status operator()(const ChoiceOption& o) const {
    for (const std::string_view choice : o.choices) {
      if (words[0] != choice) continue;
      o.field(config) = words[0];
      return absl::OkStatus();
    }
    return Refuse("is not one of the choices");
  }

  absl::Status operator()(const DurationOption& o) const {
    const std::optional<absl::Duration> value = ParseDuration(words[0]);
    if (!value) return Refuse(words[0], "is not a duration", "10s, 5m, 12h, 14d");
    const bool off = o.zero_is_off && *value == absl::ZeroDuration();
    if (!off && *value < o.min) return Refuse("is too short");
    if (*value > o.max) return Refuse("is too long");
    o.field(config) = *value;
    return absl::OkStatus();
  }

  absl::Status operator()(const SizeOption& o) const {
    const std::optional<uint64_t> value = ParseBytes(words[0]);
    if (!value) return Refuse(words[0], "is not a size", "4096, 64KiB, 16MiB, 2GiB");
    if (*value < o.min) return Refuse("is too small");
    if (*value > o.max) return Refuse("is too large");
    if (o.power_of_two && (*value & (*value - 1)) != 0) return Refuse("is not a power of two");
    // Pages larger than the table's least value exist (arm64, ppc64).
    if (o.power_of_two && *value < static_cast<uint64_t>(sysconf(_SC_PAGESIZE))) {
      return Refuse("is less than a page of this machine's memory");
    }
    o.field(config) = *value;
    return absl::OkStatus();
  }

  absl::Status operator()(const CountOption& o) const {
    const std::optional<uint64_t> value = ParseCount(words[0]);
    if (!value) return Refuse("is not a whole number");
    if (*value < o.min) return Refuse("is too small");
    if (*value > o.max) return Refuse("is too large");
    o.field(config) = *value;
    return absl::OkStatus();
  }

  absl::Status operator()(const SwitchOption& o) const {
    const std::optional<bool> value = ParseSwitch(words[0]);
    if (!value) return Refuse("is not a switch");
    o.field(config) = *value;
    return absl::OkStatus();
  }

  absl::Status operator()(const AddressOption& o) const {
    std::optional<HostPort> value = ParseHostPort(words[0]);
    if (!value) return Refuse("is not an address to listen on");
    o.field(config) = *std::move(value);
    return absl::OkStatus();
  }

  absl::Status operator()(const SignalsOption& o) const {
    uint64_t told = 0;
    for (const std::string& word : words) {
      if (words.size() == 1 && (word == "none" || word == "all")) {
        told = word == "all" ? ~uint64_t{0} : 0;
        break;
      }
      const std::optional<int> signal = ParseSignal(word);
      if (!signal) return Refuse(word, "is not a signal", allowed);
      told |= uint64_t{1} << (*signal - 1);
    }
    o.field(config) = told;
    return absl::OkStatus();
  }

  absl::Status operator()(const MaybePathOption& o) const {
    o.field(config) = words[0];
    return absl::OkStatus();
  }

  absl::Status operator()(const UrlOption& o) const {
    if (!words[0].empty() && !IsHttpUrl(words[0])) return Refuse("is not such an address");
    o.field(config) = words[0];
    return absl::OkStatus();
  }

  absl::Status operator()(const PairsOption& o) const {
    for (const std::string& word : words) {
      const size_t equals = word.find('=');
      if (equals == 0 || equals == std::string::npos) return Refuse(word, "is no pair", allowed);
    }
    o.field(config) = {words.begin(), words.end()};
    return absl::OkStatus();
  }

  absl::Status operator()(const FilesOption& o) const {
    if (words.empty()) return absl::InvalidArgumentError("is empty (allowed: " + allowed + ")");
    if (words.size() == 1 && words[0] == kAuto) {
      o.field(config) = {.on = true, .containers = {}, .where_free = true};
      return absl::OkStatus();
    }
    const std::optional<bool> value = ParseSwitch(words[0]);
    if (words.size() == 1 && value) {
      o.field(config) = {*value, {}};
      return absl::OkStatus();
    }
    if (words.size() > kMaxContainers) {
      return absl::InvalidArgumentError(
          absl::StrCat("names more than ", kMaxContainers, " containers: use on"));
    }
    for (const std::string& word : words) {
      if (ParseSwitch(word) || word == kAuto)
        return Refuse(word, "stands among containers", allowed);
      if (!MayBeContainer(word)) return Refuse(word, "is not a container", allowed);
    }
    o.field(config) = {true, {words.begin(), words.end()}};
    return absl::OkStatus();
  }
};

struct AllowedText {
  std::string operator()(const PathOption&) const { return "a path"; }
  std::string operator()(const PathsOption&) const { return "paths that begin with /"; }
  std::string operator()(const ChoiceOption& o) const {
    return absl::StrJoin(o.choices, ", ",
                         [](std::string* out, std::string_view choice) { out->append(choice); });
  }
  std::string operator()(const DurationOption& o) const {
    return absl::StrCat(DurationText(o.min), " to ", DurationText(o.max),
                        o.zero_is_off ? ", or 0 for off" : "");
  }
  std::string operator()(const SizeOption& o) const {
    return absl::StrCat(o.power_of_two ? "powers of two from " : "", BytesText(o.min), " to ",
                        BytesText(o.max));
  }
  std::string operator()(const CountOption& o) const { return absl::StrCat(o.min, " to ", o.max); }
  std::string operator()(const SwitchOption&) const { return "on, off"; }
  std::string operator()(const AddressOption&) const {
    return "HOST:PORT as in 127.0.0.1:9917, [::1]:9917, :9917";
  }
  std::string operator()(const SignalsOption&) const {
    return "names or numbers as in SIGTERM, TERM, 15; or all, none";
  }
  std::string operator()(const FilesOption&) const {
    return "auto, on, off, or containers as in web,db";
  }
  std::string operator()(const MaybePathOption&) const { return "a path, or nothing"; }
  std::string operator()(const UrlOption&) const {
    return "http://HOST:PORT/PATH or https://..., without a user; or nothing";
  }
  std::string operator()(const PairsOption&) const { return "pairs as in key=value,other=value"; }
};

struct Formatter {
  Config& config;

  std::string operator()(const PathOption& o) const { return o.field(config); }
  std::string operator()(const PathsOption& o) const { return absl::StrJoin(o.field(config), ","); }
  std::string operator()(const MaybePathOption& o) const { return o.field(config); }
  std::string operator()(const UrlOption& o) const { return o.field(config); }
  std::string operator()(const PairsOption& o) const { return absl::StrJoin(o.field(config), ","); }
  std::string operator()(const ChoiceOption& o) const { return o.field(config); }
  std::string operator()(const DurationOption& o) const { return DurationText(o.field(config)); }
  std::string operator()(const SizeOption& o) const { return BytesText(o.field(config)); }
  std::string operator()(const CountOption& o) const { return absl::StrCat(o.field(config)); }
  std::string operator()(const SwitchOption& o) const { return o.field(config) ? "on" : "off"; }
  std::string operator()(const AddressOption& o) const { return HostPortText(o.field(config)); }
  std::string operator()(const SignalsOption& o) const {
    const uint64_t told = o.field(config);
    if (told == 0) return "none";
    if (told == ~uint64_t{0}) return "all";
    std::vector<std::string> names;
    for (int signal = 1; signal <= 64; ++signal) {
      if (told >> (signal - 1) & 1) names.push_back(SignalName(signal));
    }
    return absl::StrJoin(names, ",");
  }
  std::string operator()(const FilesOption& o) const {
    const FilesProbe& files = o.field(config);
    if (files.where_free) return std::string(kAuto);
    if (files.containers.empty()) return files.on ? "on" : "off";
    return absl::StrJoin(files.containers, ",");
  }
};

}  // namespace

std::string Allowed(const Option& option) { return std::visit(AllowedText{}, option.type); }

std::string FullHelp(const Option& option) {
  const bool plain = std::holds_alternative<PathOption>(option.type) ||
                     std::holds_alternative<PathsOption>(option.type) ||
                     std::holds_alternative<MaybePathOption>(option.type) ||
                     std::holds_alternative<SwitchOption>(option.type);
  std::string help(option.help);
  return plain ? help : absl::StrCat(help, " Allowed: ", Allowed(option), ".");
}

absl::Status SetOption(const Option& option, std::span<const std::string> words, Config* config) {
  const std::string allowed = Allowed(option);
  if (!option.is_list() && words.size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("takes one value, not a list (allowed: ", allowed, ")"));
  }
  return std::visit(Setter{*config, words, allowed}, option.type);
}

std::vector<std::string> SplitFlagText(const Option& option, std::string_view text) {
  if (!option.is_list()) return {std::string(text)};
  if (text.empty()) return {};
  std::vector<std::string> words;
  for (const absl::string_view word :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ',')) {
    words.emplace_back(absl::StripAsciiWhitespace(word));
  }
  return words;
}

std::string FormatOption(const Option& option, const Config& config) {
  Config copy = config;  // fields are reached through a mutable Config only
  return std::visit(Formatter{copy}, option.type);
}

}  // namespace nsobs
