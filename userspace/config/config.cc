#include "userspace/config/config.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/config/did_you_mean.h"
#include "userspace/config/options.h"
#include "userspace/config/yaml_file.h"

namespace nsobs {
namespace {

constexpr size_t kFileCapBytes = 1 << 20;

absl::Status ApplyFile(const std::string& file, Config* config) {
  const std::string name = ForTerminal(file);
  absl::StatusOr<std::string> text = ReadSmallFile(file, kFileCapBytes);
  if (!text.ok()) {
    return absl::Status(text.status().code(), absl::StrCat("configuration file can't be read: ",
                                                           text.status().message()));
  }
  return ApplyYaml(*text, name, config);
}

absl::Status UnknownFlag(const std::string& path) {
  std::vector<std::string_view> paths;
  for (const Option& option : Options()) paths.push_back(option.path);
  return absl::InvalidArgumentError(
      absl::StrCat("--", ForTerminal(path), ": unknown option", DidYouMean(path, paths)));
}

absl::Status ApplyFlags(const std::vector<std::pair<std::string, std::string>>& flags,
                        Config* config) {
  std::set<std::string_view> seen;
  for (const auto& [path, text] : flags) {
    const Option* option = FindOption(path);
    if (option == nullptr) return UnknownFlag(path);
    if (!seen.insert(option->path).second) {
      return absl::InvalidArgumentError(absl::StrCat("--", path, ": given twice"));
    }
    const absl::Status status = SetOption(*option, SplitFlagText(*option, text), config);
    if (!status.ok()) return Annotate(status, absl::StrCat("--", path));
  }
  return absl::OkStatus();
}

}  // namespace

Config DefaultConfig() {
  Config config;
  for (const Option& option : Options()) {
    // A default that its own row refuses is a bug that the unit test finds.
    SetOption(option, SplitFlagText(option, option.default_text), &config).IgnoreError();
  }
  return config;
}

absl::StatusOr<Config> LoadConfig(
    const std::optional<std::string>& file,
    const std::vector<std::pair<std::string, std::string>>& flag_overrides) {
  Config config = DefaultConfig();
  if (file) NSOBS_RETURN_IF_ERROR(ApplyFile(*file, &config));
  NSOBS_RETURN_IF_ERROR(ApplyFlags(flag_overrides, &config));
  return config;
}

Reload PlanReload(const Config& running, const Config& loaded) {
  Reload reload{running, {}, {}};
  for (const Option& option : Options()) {
    const std::string text = FormatOption(option, loaded);
    if (text == FormatOption(option, running)) continue;
    if (option.on_reload == OnReload::kNeedsRestart) {
      reload.needs_restart.emplace_back(option.path);
      continue;
    }
    // What was formatted from a valid Config is valid.
    SetOption(option, SplitFlagText(option, text), &reload.config).IgnoreError();
    reload.changed.emplace_back(option.path);
  }
  return reload;
}

}  // namespace nsobs
