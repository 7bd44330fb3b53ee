#include "absl/time/time.h"
#include "userspace/base/status_util.h"
#include "userspace/config/value_text.h"
#include "userspace/main/subcommand.h"
#include "userspace/main/top/top_command.h"

namespace nsobs {
namespace {

class TopSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand("top",
                                             "Which containers are in trouble now, live and "
                                             "full-screen: what happened to each, when and "
                                             "in which namespace, what is wrong and on what "
                                             "evidence, who entered. Works while the daemon "
                                             "is down, and over ssh.");
    command->footer(
        "Examples:\n"
        "  nsobserver top\n"
        "      The last ten minutes. Enter shows a container's story, q ends it.\n"
        "  nsobserver top --since 2h\n"
        "      All that was in trouble in the last two hours.\n"
        "\n"
        "TROUBLE says: wrong (the cause is certain), likely (a cause is likely), failing\n"
        "(no cause was found), entered (somebody came in). ? lists the keys. For scripts:\n"
        "nsobserver findings -o jsonl.\n");
    command
        ->add_option("--since", since_,
                     "The window: so far back from now (10m, 2h, 1d). Default: 10m.")
        ->type_name("DURATION");
    command
        ->add_option("--color", common_.color,
                     "auto (unless NO_COLOR is set), always, never. Default: auto.")
        ->type_name("WHEN");
    common_.DeclareConfig(command, {"storage.path"});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    TopOptions options;
    NSOBS_ASSIGN_OR_RETURN(const Config config, common_.LoadedConfig());
    options.storage_path = config.storage.path;
    if (since_.empty()) return options;
    const std::optional<absl::Duration> window = ParseDuration(since_);
    if (!window || *window < absl::Seconds(1) || *window > absl::Hours(24 * 366)) {
      return BadFlag("--since", since_, "is not a time back from now",
                     "30s, 10m, 2h, 14d; at most 366d");
    }
    options.window_ns = absl::ToInt64Nanoseconds(*window);
    return options;
  }

 private:
  std::string since_;
};

}  // namespace

std::unique_ptr<Subcommand> MakeTopSubcommand() { return std::make_unique<TopSubcommand>(); }

}  // namespace nsobs
