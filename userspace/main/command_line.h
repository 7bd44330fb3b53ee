// From words to a command with all its options checked. Pure but for the configuration file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/config/flags.h"
#include "userspace/main/compare_command.h"
#include "userspace/main/console.h"
#include "userspace/main/containers_command.h"
#include "userspace/main/diagnose_command.h"
#include "userspace/main/doctor_command.h"
#include "userspace/main/enter_command.h"
#include "userspace/main/events_command.h"
#include "userspace/main/export_options.h"
#include "userspace/main/findings_command.h"
#include "userspace/main/namespaces_command.h"
#include "userspace/main/snapshot_command.h"
#include "userspace/main/snapshots_command.h"
#include "userspace/main/top/top_command.h"

namespace nsobs {

struct RunOptions {
  Config config;
  std::optional<std::string> config_file;
  FlagTexts flags;
};

using Command =
    std::variant<RunOptions, DoctorOptions, ContainersOptions, NamespacesOptions, CompareOptions,
                 EventsOptions, FindingsOptions, SnapshotOptions, SnapshotsOptions, DiagnoseOptions,
                 EnterOptions, ExportOptions, TopOptions>;

struct ParsedLine {
  std::string text;  // help or version: to be printed, and nothing else to be done
  std::optional<Command> command;
  ColorChoice color = ColorChoice::kAuto;
};

// What "10m ago" and "14:02" are relative to.
struct Moment {
  int64_t now_wall_ns = 0;
  absl::TimeZone zone;
};

// `words` are argv without the program's name. Errors are one line: INVALID_ARGUMENT, or what
// reading the configuration file gave.
absl::StatusOr<ParsedLine> ParseCommandLine(const std::vector<std::string>& words,
                                            const Moment& moment);

}  // namespace nsobs
