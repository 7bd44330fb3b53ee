// `nsobserver export`: an incident in one file, from the database, with or without the daemon.
#pragma once

#include <string>

#include "exporters/web/incident.h"
#include "userspace/main/console.h"
#include "userspace/main/exit_code.h"
#include "userspace/main/export_options.h"

namespace nsobs {

// Writes FILE, which it makes or replaces as a whole: a run that fails leaves no half of one.
int ExportCommand(const ExportOptions& options, const Console& console);

}  // namespace nsobs
