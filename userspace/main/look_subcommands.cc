// Subcommands that look into namespaces or at what was seen there: snapshot, snapshots, diagnose.
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/main/subcommand.h"

namespace nsobs {
namespace {

constexpr char kKindNames[] = "cgroup, ipc, mnt, net, pid, time, user, uts";

class SnapshotSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "snapshot",
        "Looks into the namespaces of a target now, read-only: what listens where, links, routes, "
        "packet filter, mounts, processes, limits. Needs root.");
    command->footer(
        "Examples:\n"
        "  nsobserver snapshot web --ns net\n"
        "      What web's network looks like from within.\n"
        "  nsobserver snapshot web --baseline\n"
        "      Keep how it looks while all is well, for snapshots diff baseline:web ID.\n"
        "\n"
        "A daemon that runs keeps it in the timeline; otherwise it is only shown.\n");
    command->add_option("TARGET", target_, kTargetHelp)->required();
    common_.DeclareListing(command);
    command
        ->add_option("--ns", kinds_,
                     absl::StrCat("Only what these namespaces tell: ", kKindNames,
                                  "; several with commas. Default: all."))
        ->type_name("KIND");
    command->add_flag("--baseline", baseline_, "Keep it as the one to compare with.");
    common_.DeclareConfig(command, {"storage.path", "runtimes."});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    SnapshotOptions options;
    NSOBS_ASSIGN_OR_RETURN(options.config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(options.format, common_.Format());
    options.target = target_;
    options.baseline = baseline_;
    for (const std::string& word : CommaWords(kinds_)) {
      const std::optional<NamespaceKind> kind = NamespaceKindFromName(word);
      if (!kind) return BadFlag("--ns", word, "is not a kind of namespace", kKindNames);
      options.kinds.push_back(*kind);
    }
    return options;
  }

 private:
  std::string target_, kinds_;
  bool baseline_ = false;
};

class SnapshotsSubcommand : public Subcommand {
 public:
  explicit SnapshotsSubcommand(const Moment& moment) : moment_(moment) {}

  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "snapshots",
        "The looks into namespaces that the timeline keeps. Works while the daemon is down.");
    command->footer(
        "Examples:\n"
        "  nsobserver snapshots list --container web\n"
        "      When web was looked into, and why.\n"
        "  nsobserver snapshots show 7 -o jsonl > record.json\n"
        "      The whole record, e.g. for a bug report.\n"
        "  nsobserver snapshots diff baseline:web 7\n"
        "      What has changed in web since its baseline; exit 1 if nothing.\n");
    command
        ->add_option("ACTION", words_,
                     "list, show ID, or diff A B, where A and B are ids or baseline:NAME.")
        ->required();
    const auto add = [&](const char* flag, std::string& text, const char* type, const char* help) {
      command->add_option(flag, text, help)->type_name(type);
    };
    add("--since", since_, "TIME", "list: from then on, as events takes it.");
    add("--until", until_, "TIME", "list: up to then.");
    add("--container", container_, "NAME", "list: of this one.");
    add("--limit", limit_, "COUNT", "list: the newest so many; 0 for all. Default: all.");
    common_.DeclareListing(command);
    common_.DeclareConfig(command, {"storage.path"});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    SnapshotsOptions options;
    NSOBS_ASSIGN_OR_RETURN(const Config config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(options.format, common_.Format());
    options.storage_path = config.storage.path;
    options.query.container = container_;
    NSOBS_RETURN_IF_ERROR(ParseTimes(since_, until_, moment_, &options.query.since_wall_ns,
                                     &options.query.until_wall_ns));
    if (!limit_.empty()) {
      NSOBS_ASSIGN_OR_RETURN(options.query.limit, ParseLimit(limit_, "snapshots"));
    }
    NSOBS_RETURN_IF_ERROR(TakeAction(&options));
    return options;
  }

 private:
  absl::Status TakeAction(SnapshotsOptions* options) const {
    const std::string& action = words_[0];
    size_t wanted = 1;
    if (action == "show") {
      options->action = SnapshotsOptions::Action::kShow;
      wanted = 2;
    } else if (action == "diff") {
      options->action = SnapshotsOptions::Action::kDiff;
      wanted = 3;
    } else if (action != "list") {
      wanted = 0;
    }
    if (wanted != words_.size()) {
      return absl::InvalidArgumentError(
          absl::StrCat("snapshots doesn't take \"", ForTerminal(Joined()),
                       "\" (allowed: list, show ID, diff A B; nsobserver snapshots --help)"));
    }
    if (wanted > 1) options->a = words_[1];
    if (wanted > 2) options->b = words_[2];
    return absl::OkStatus();
  }

  std::string Joined() const {
    std::string out;
    for (const std::string& word : words_) absl::StrAppend(&out, out.empty() ? "" : " ", word);
    return out.substr(0, 60);
  }

  const Moment moment_;
  std::vector<std::string> words_;
  std::string since_, until_, container_, limit_;
};

class DiagnoseSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "diagnose",
        "Looks into a target now, as if an anomaly had fired, and says what is wrong and what to "
        "change. Needs root.");
    command->footer(
        "Examples:\n"
        "  nsobserver diagnose web\n"
        "      What is wrong with web, with the evidence.\n"
        "  nsobserver diagnose pid:4711 -o jsonl | jq -r .fix\n"
        "      For scripts.\n"
        "\n"
        "Exit 0 if something is wrong, 1 if nothing was found.\n");
    command->add_option("TARGET", target_, kTargetHelp)->required();
    common_.DeclareListing(command);
    common_.DeclareConfig(command, {"storage.path", "runtimes."});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    DiagnoseOptions options;
    NSOBS_ASSIGN_OR_RETURN(options.config, common_.LoadedConfig());
    NSOBS_ASSIGN_OR_RETURN(options.format, common_.Format());
    options.target = target_;
    return options;
  }

 private:
  std::string target_;
};

}  // namespace

std::unique_ptr<Subcommand> MakeSnapshotSubcommand() {
  return std::make_unique<SnapshotSubcommand>();
}
std::unique_ptr<Subcommand> MakeSnapshotsSubcommand(const Moment& moment) {
  return std::make_unique<SnapshotsSubcommand>(moment);
}
std::unique_ptr<Subcommand> MakeDiagnoseSubcommand() {
  return std::make_unique<DiagnoseSubcommand>();
}

}  // namespace nsobs
