// The table of options: the single source for the keys of the file, the flags, defaults, ranges,
// help and the example file.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "userspace/config/config.h"

namespace nsobs {

// Where in the Config an option's value lies.
template <typename T>
using Field = T& (*)(Config&);

struct PathOption {
  Field<std::string> field;
};
struct PathsOption {  // absolute ones
  Field<std::vector<std::string>> field;
};
struct ChoiceOption {
  Field<std::string> field;
  std::span<const std::string_view> choices;
};
struct DurationOption {
  Field<absl::Duration> field;
  absl::Duration min, max;
  bool zero_is_off = false;
};
struct SizeOption {
  Field<uint64_t> field;
  uint64_t min, max;
  bool power_of_two = false;
};
struct CountOption {
  Field<uint64_t> field;
  uint64_t min, max;
};
struct SwitchOption {
  Field<bool> field;
};
struct AddressOption {
  Field<HostPort> field;
};
struct SignalsOption {
  Field<uint64_t> field;
};
struct MaybePathOption {  // "" : none
  Field<std::string> field;
};
struct UrlOption {  // http:// or https://; "" : none
  Field<std::string> field;
};
struct PairsOption {  // key=value
  Field<std::vector<std::string>> field;
};
struct FilesOption {  // a switch, or for whom it is on
  Field<FilesProbe> field;
};
using OptionType = std::variant<PathOption, PathsOption, ChoiceOption, DurationOption, SizeOption,
                                CountOption, SwitchOption, AddressOption, SignalsOption,
                                FilesOption, MaybePathOption, UrlOption, PairsOption>;

enum class OnReload { kApplies, kNeedsRestart };

struct Option {
  std::string_view path;          // "storage.retention-age"; the flag is this behind "--"
  std::string_view placeholder;   // of the value, in help texts: "DURATION"
  std::string_view default_text;  // as SetOption takes it; lists with commas
  OnReload on_reload;
  std::string_view help;  // sentences without line breaks
  OptionType type;

  std::string_view section() const { return path.substr(0, path.find('.')); }
  std::string_view key() const { return path.substr(path.find('.') + 1); }
  bool is_list() const;
};

// In the order of every listing; options of one section stand together.
std::span<const Option> Options();
const Option* FindOption(std::string_view path);

// What stands above a section in help and example: "Where events are kept, and for how long".
std::string_view SectionTitle(std::string_view section);

// One word or phrase for "what is allowed": "on, off", "1m to 3650d".
std::string Allowed(const Option& option);

// The help with what is allowed behind it, where that isn't plain from the placeholder.
std::string FullHelp(const Option& option);

// Sets one option from its words (one, unless it is a list). The error says what is wrong with the
// words and what is allowed, without naming the option.
absl::Status SetOption(const Option& option, std::span<const std::string> words, Config* config);

// The words of a flag: split at commas if the option is a list.
std::vector<std::string> SplitFlagText(const Option& option, std::string_view text);

// The value in the form that SetOption takes, lists with commas.
std::string FormatOption(const Option& option, const Config& config);

}  // namespace nsobs
