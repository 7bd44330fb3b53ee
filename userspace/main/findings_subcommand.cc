#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/main/subcommand.h"

namespace nsobs {
namespace {

constexpr size_t kDefaultLimit = 100;

class FindingsSubcommand : public Subcommand {
 public:
  explicit FindingsSubcommand(const Moment& moment) : moment_(moment) {}

  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "findings",
        "What is wrong, and what to change: what was found in the snapshots that anomalies set "
        "off. Works while the daemon is down.");
    command->footer(
        "Examples:\n"
        "  nsobserver findings --since 1h\n"
        "      What was found in the last hour.\n"
        "  nsobserver findings show 12\n"
        "      Finding 12 as a whole: what happened, what is wrong, evidence, fix.\n"
        "  nsobserver findings replay 12\n"
        "      Diagnose its record again; exit 1 if today's answer is another.\n");
    command->add_option("ACTION", words_,
                        "Nothing: list them. show ID: one as a whole. replay ID: diagnose its "
                        "record again.");
    DeclareFilters(command);
    common_.DeclareListing(command);
    common_.DeclareConfig(command, {"storage.path"});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    FindingsOptions options;
    NSOBS_ASSIGN_OR_RETURN(const Config config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(options.format, common_.Format());
    options.storage_path = config.storage.path;
    options.follow = follow_;
    options.query.container = container_;
    options.query.case_id = case_;
    options.record_file = record_;
    NSOBS_RETURN_IF_ERROR(ParseTimes(since_, until_, moment_, &options.query.since_wall_ns,
                                     &options.query.until_wall_ns));
    options.limit_is_default = limit_.empty() && since_.empty() && until_.empty();
    if (options.limit_is_default) options.limit = kDefaultLimit;
    if (!limit_.empty()) {
      NSOBS_ASSIGN_OR_RETURN(options.limit, ParseLimit(limit_, "findings"));
    }
    NSOBS_RETURN_IF_ERROR(TakeAction(&options));
    NSOBS_RETURN_IF_ERROR(CheckFollow(options));
    return options;
  }

 private:
  void DeclareFilters(CLI::App* command) {
    const auto add = [&](const char* flag, std::string& text, const char* type, const char* help) {
      command->add_option(flag, text, help)->type_name(type);
    };
    add("--since", since_, "TIME",
        "From then on: back from now (10m, 2h, 14d), RFC 3339, or \"2026-11-23 14:02\" in local "
        "time.");
    add("--until", until_, "TIME", "Up to then.");
    add("--container", container_, "NAME",
        "Of this one: name, id or unique prefix of it, pod/container; host for the host itself.");
    add("--case", case_, "ID", "Of this case, e.g. net-loopback.");
    add("--limit", limit_, "COUNT",
        "The newest so many; 0 for all. Default: 100, or all if --since or --until is given.");
    add("--record", record_, "FILE",
        "replay: diagnose the record in this file (as snapshots show -o jsonl writes it) instead.");
    command->add_flag("-f,--follow", follow_, "Then show new ones as they are found.");
  }

  absl::Status TakeAction(FindingsOptions* options) const {
    if (!record_.empty() && (words_.empty() || words_[0] != "replay")) {
      return absl::InvalidArgumentError("--record goes with findings replay");
    }
    if (words_.empty()) return absl::OkStatus();
    if (words_[0] == "show") {
      options->action = FindingsOptions::Action::kShow;
    } else if (words_[0] == "replay") {
      options->action = FindingsOptions::Action::kReplay;
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("findings doesn't take \"", ForTerminal(words_[0]),
                       "\" (allowed: show ID, replay ID; nsobserver findings --help)"));
    }
    if (follow_) return absl::InvalidArgumentError("--follow goes with a list of findings only");
    if (words_.size() == 2 && absl::SimpleAtoi(words_[1], &options->id) && options->id > 0) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(absl::StrCat("findings ", words_[0],
                                                   " takes one number, as findings lists them "
                                                   "(nsobserver findings --help)"));
  }

  static absl::Status CheckFollow(const FindingsOptions& options) {
    if (!options.follow) return absl::OkStatus();
    if (options.query.until_wall_ns) {
      return absl::InvalidArgumentError("--follow has no end: it doesn't go with --until");
    }
    if (options.format == OutputFormat::kJson) {
      return absl::InvalidArgumentError(
          "--follow has no end, a json array has one (allowed: -o table, -o jsonl)");
    }
    return absl::OkStatus();
  }

  const Moment moment_;
  std::string since_, until_, container_, case_, limit_, record_;
  std::vector<std::string> words_;
  bool follow_ = false;
};

}  // namespace

std::unique_ptr<Subcommand> MakeFindingsSubcommand(const Moment& moment) {
  return std::make_unique<FindingsSubcommand>(moment);
}

}  // namespace nsobs
