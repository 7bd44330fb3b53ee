// One subcommand: which words it takes, and what they mean.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "userspace/main/command_line.h"

namespace nsobs {

// Flags that several subcommands have. CLI11 fills the members in while it parses.
struct CommonFlags {
  std::string output = "table";
  std::string color = "auto";
  std::string config_file;
  FlagTexts options;

  void DeclareListing(CLI::App* command);
  // --config, and the daemon's options whose path begins with one of `prefixes`.
  void DeclareConfig(CLI::App* command, const std::vector<std::string_view>& prefixes);

  std::optional<std::string> ConfigFile() const;
  absl::StatusOr<Config> LoadedConfig() const;
  absl::StatusOr<OutputFormat> Format() const;
  absl::StatusOr<ColorChoice> Color() const;
};

class Subcommand {
 public:
  virtual ~Subcommand() = default;
  // Adds itself to `root`; the object must outlive the parse.
  virtual CLI::App* Declare(CLI::App* root) = 0;
  // After the parse, if this was the one chosen.
  virtual absl::StatusOr<Command> Finish() const = 0;
  virtual absl::StatusOr<ColorChoice> Color() const { return common_.Color(); }

 protected:
  CommonFlags common_;
};

// In the order of the help text.
std::vector<std::unique_ptr<Subcommand>> MakeSubcommands(const Moment& moment);

std::unique_ptr<Subcommand> MakeRunSubcommand();
std::unique_ptr<Subcommand> MakeDoctorSubcommand();
std::unique_ptr<Subcommand> MakeContainersSubcommand();
std::unique_ptr<Subcommand> MakeNamespacesSubcommand();
std::unique_ptr<Subcommand> MakeCompareSubcommand();
std::unique_ptr<Subcommand> MakeEventsSubcommand(const Moment& moment);
std::unique_ptr<Subcommand> MakeFindingsSubcommand(const Moment& moment);
std::unique_ptr<Subcommand> MakeSnapshotSubcommand();
std::unique_ptr<Subcommand> MakeSnapshotsSubcommand(const Moment& moment);
std::unique_ptr<Subcommand> MakeDiagnoseSubcommand();
std::unique_ptr<Subcommand> MakeExportSubcommand(const Moment& moment);
std::unique_ptr<Subcommand> MakeEnterSubcommand();
std::unique_ptr<Subcommand> MakeTopSubcommand();

// What TARGET may be, for help texts.
inline constexpr char kTargetHelp[] =
    "A container's name, id or unique prefix of it, pod/container; pid:N; a namespace as "
    "net:[4026532846]; host.";

// Of --since and --until, either of which may be empty, into a query of the timeline.
absl::Status ParseTimes(const std::string& since, const std::string& until, const Moment& moment,
                        std::optional<int64_t>* since_wall_ns,
                        std::optional<int64_t>* until_wall_ns);

// Of --limit: the newest so many of `what`, at most 100,000, which are held in memory.
absl::StatusOr<size_t> ParseLimit(const std::string& text, std::string_view what);

// "\"x\" is not ... (allowed: ...)", INVALID_ARGUMENT, behind the flag's name.
absl::Status BadFlag(std::string_view flag, std::string_view text, std::string_view what,
                     std::string_view allowed);

// The words between commas, without empty ones.
std::vector<std::string> CommaWords(const std::string& text);

}  // namespace nsobs
