#include "userspace/main/subcommand.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/config/value_text.h"
#include "userspace/main/human_text.h"

namespace nsobs {

void CommonFlags::DeclareListing(CLI::App* command) {
  command
      ->add_option("-o,--output", output,
                   "table for people, json (an array), jsonl (an object a line). Default: table.")
      ->type_name("FORMAT");
  command
      ->add_option("--color", color,
                   "auto (on a terminal, unless NO_COLOR is set), always, never. Default: auto.")
      ->type_name("WHEN");
}

void CommonFlags::DeclareConfig(CLI::App* command, const std::vector<std::string_view>& prefixes) {
  command
      ->add_option("--config", config_file,
                   "The daemon's configuration (YAML, see deploy/nsobserver.yaml). Flags override "
                   "it. Default: none.")
      ->type_name("FILE");
  for (const std::string_view prefix : prefixes) AddOptionFlags(command, prefix, &options);
}

std::optional<std::string> CommonFlags::ConfigFile() const {
  return config_file.empty() ? std::nullopt : std::optional(config_file);
}

absl::StatusOr<Config> CommonFlags::LoadedConfig() const {
  return LoadConfig(ConfigFile(), options);
}

absl::StatusOr<OutputFormat> CommonFlags::Format() const {
  if (const auto format = OutputFormatFromName(output)) return *format;
  return BadFlag("--output", output, "is not a format", "table, json, jsonl");
}

absl::StatusOr<ColorChoice> CommonFlags::Color() const {
  if (const auto choice = ColorChoiceFromName(color)) return *choice;
  return BadFlag("--color", color, "is not a choice", "auto, always, never");
}

std::vector<std::unique_ptr<Subcommand>> MakeSubcommands(const Moment& moment) {
  std::vector<std::unique_ptr<Subcommand>> all;
  all.push_back(MakeRunSubcommand());
  all.push_back(MakeDoctorSubcommand());
  all.push_back(MakeContainersSubcommand());
  all.push_back(MakeNamespacesSubcommand());
  all.push_back(MakeCompareSubcommand());
  all.push_back(MakeTopSubcommand());
  all.push_back(MakeEventsSubcommand(moment));
  all.push_back(MakeFindingsSubcommand(moment));
  all.push_back(MakeSnapshotSubcommand());
  all.push_back(MakeSnapshotsSubcommand(moment));
  all.push_back(MakeDiagnoseSubcommand());
  all.push_back(MakeExportSubcommand(moment));
  all.push_back(MakeEnterSubcommand());
  return all;
}

absl::Status BadFlag(std::string_view flag, std::string_view text, std::string_view what,
                     std::string_view allowed) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(flag), ": \"", ForTerminal(text.substr(0, 60)), "\" ",
                   std::string(what), " (allowed: ", std::string(allowed), ")"));
}

absl::Status ParseTimes(const std::string& since, const std::string& until, const Moment& moment,
                        std::optional<int64_t>* since_wall_ns,
                        std::optional<int64_t>* until_wall_ns) {
  if (!since.empty()) {
    const auto from = ParseMoment(since, moment.now_wall_ns, moment.zone);
    if (!from.ok()) return Annotate(from.status(), "--since");
    *since_wall_ns = *from;
  }
  if (!until.empty()) {
    const auto to = ParseMoment(until, moment.now_wall_ns, moment.zone);
    if (!to.ok()) return Annotate(to.status(), "--until");
    *until_wall_ns = *to;
  }
  if (*since_wall_ns && *until_wall_ns && **since_wall_ns >= **until_wall_ns) {
    return absl::InvalidArgumentError("--since must be before --until");
  }
  return absl::OkStatus();
}

absl::StatusOr<size_t> ParseLimit(const std::string& text, std::string_view what) {
  constexpr uint64_t kMost = 100000;
  const std::optional<uint64_t> limit = ParseCount(text);
  if (limit && *limit <= kMost) return *limit;
  return BadFlag("--limit", text, absl::StrCat("is not a number of ", std::string(what)),
                 absl::StrCat("1 to ", kMost, ", or 0 for all"));
}

std::vector<std::string> CommaWords(const std::string& text) {
  std::vector<std::string> words;
  for (const absl::string_view word : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    words.emplace_back(absl::StripAsciiWhitespace(word));
  }
  return words;
}

}  // namespace nsobs
