#include "userspace/base/status_util.h"
#include "userspace/main/subcommand.h"

namespace nsobs {
namespace {

class RunSubcommand : public Subcommand {
 public:
  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "run",
        "The daemon, in the foreground: observes this host, records to the timeline, serves "
        "metrics. Needs root. SIGTERM ends it, SIGHUP reads the configuration again. SIGUSR2 ends "
        "it, too, but for "
        "--handover.seconds the next one can go on where it stopped.");
    command->footer(
        "Examples:\n"
        "  nsobserver run --config /etc/nsobserver.yaml\n"
        "      As a service, with the options of a file.\n"
        "  nsobserver run --storage.path /tmp/obs --probes.syscall-hooks=off\n"
        "      A trial that costs no syscall anything; --help says what is not seen then.\n");
    common_.DeclareConfig(command, {""});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    NSOBS_ASSIGN_OR_RETURN(Config config, common_.LoadedConfig());
    return RunOptions{std::move(config), common_.ConfigFile(), common_.options};
  }
};

}  // namespace

std::unique_ptr<Subcommand> MakeRunSubcommand() { return std::make_unique<RunSubcommand>(); }

}  // namespace nsobs
