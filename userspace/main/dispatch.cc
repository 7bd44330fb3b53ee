#include "userspace/main/dispatch.h"

#include <unistd.h>

#include <iostream>

#include "userspace/base/clock.h"
#include "userspace/main/command_line.h"
#include "userspace/main/export_command.h"
#include "userspace/main/run_command.h"

namespace nsobs {
namespace {

struct Runner {
  const Console& console;
  const Stages stages = RealStages();

  int operator()(const RunOptions& o) const { return RunCommand(o.config, o.config_file, o.flags); }
  int operator()(const DoctorOptions& o) const { return DoctorCommand(o, console); }
  int operator()(const ContainersOptions& o) const { return ContainersCommand(o, console); }
  int operator()(const NamespacesOptions& o) const { return NamespacesCommand(o, console); }
  int operator()(const CompareOptions& o) const { return CompareCommand(o, console); }
  int operator()(const EventsOptions& o) const { return EventsCommand(o, console); }
  int operator()(const FindingsOptions& o) const { return FindingsCommand(o, stages, console); }
  int operator()(const SnapshotOptions& o) const { return SnapshotCommand(o, stages, console); }
  int operator()(const SnapshotsOptions& o) const { return SnapshotsCommand(o, stages, console); }
  int operator()(const DiagnoseOptions& o) const { return DiagnoseCommand(o, stages, console); }
  int operator()(const EnterOptions& o) const { return EnterCommand(o, console); }
  int operator()(const TopOptions& o) const { return TopCommand(o, console); }
  int operator()(const ExportOptions& o) const { return ExportCommand(o, console); }
};

}  // namespace

int Dispatch(const std::vector<std::string>& words) {
  Console console{std::cout, std::cerr, {}, absl::LocalTimeZone()};
  absl::StatusOr<ParsedLine> line = ParseCommandLine(words, {SystemClock().WallNs(), console.zone});
  if (!line.ok()) {
    console.Fail(line.status());
    return kExitUsage;  // also for a configuration file that can't be read
  }
  if (!line->command) {
    std::cout << line->text << std::flush;
    return kExitDone;
  }
  console.screen = DetectScreen(STDOUT_FILENO, line->color);
  return std::visit(Runner{console}, *line->command);
}

}  // namespace nsobs
