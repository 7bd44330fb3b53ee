#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/main/subcommand.h"

namespace nsobs {
namespace {

class ExportSubcommand : public Subcommand {
 public:
  explicit ExportSubcommand(const Moment& moment) : moment_(moment) {}

  CLI::App* Declare(CLI::App* root) override {
    CLI::App* command = root->add_subcommand(
        "export",
        "An incident in one file: the events, findings, snapshots and containers of a range of "
        "time, as a page that opens anywhere or as JSON. Works while the daemon is down.");
    command->footer(
        "Examples:\n"
        "  nsobserver export --since 1h incident.html\n"
        "      The last hour, as a page for somebody else's browser.\n"
        "  nsobserver export --since 1h --container web -o json -\n"
        "      What happened to web, as JSON, on standard output.\n");
    const auto add = [&](const char* flag, std::string& text, const char* type, const char* help) {
      command->add_option(flag, text, help)->type_name(type);
    };
    command->add_option("FILE", file_, "Where to; - for standard output.")->required();
    add("--since", since_, "TIME",
        "From then on: back from now (10m, 2h, 14d), RFC 3339, or \"2026-11-23 14:02\" in local "
        "time. Default: all.");
    add("--until", until_, "TIME", "Up to then.");
    add("--container", container_, "NAME",
        "Of this one: name, id or unique prefix of it, pod/container; host for the host itself.");
    add("-o,--output", format_, "FORMAT", "html or json. Default: html.");
    add("--color", common_.color, "WHEN", "Colours: auto, always, never.");
    common_.DeclareConfig(command, {"storage.path"});
    return command;
  }

  absl::StatusOr<Command> Finish() const override {
    ExportOptions options;
    NSOBS_ASSIGN_OR_RETURN(const Config config, common_.LoadedConfig());
    options.storage_path = config.storage.path;
    NSOBS_RETURN_IF_ERROR(
        ParseTimes(since_, until_, moment_, &options.since_wall_ns, &options.until_wall_ns));
    if (format_ != "html" && format_ != "json") {
      return BadFlag("--output", format_, "is not a format", "html, json");
    }
    options.html = format_ == "html";
    options.container = container_;
    options.file = file_;
    return options;
  }

 private:
  const Moment moment_;
  std::string since_, until_, container_, file_;
  std::string format_ = "html";
};

}  // namespace

std::unique_ptr<Subcommand> MakeExportSubcommand(const Moment& moment) {
  return std::make_unique<ExportSubcommand>(moment);
}

}  // namespace nsobs
