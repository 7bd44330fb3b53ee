// nsobserver diagnose TARGET: looks now, as if an anomaly had fired, and says what is wrong.
#pragma once

#include <string>

#include "userspace/config/config.h"
#include "userspace/main/console.h"
#include "userspace/main/look_now.h"
#include "userspace/main/stages.h"

namespace nsobs {

struct DiagnoseOptions {
  Config config;
  OutputFormat format = OutputFormat::kTable;
  std::string target;
};

// kExitDone if something is wrong, kExitNothing if nothing was found.
int DiagnoseCommand(const DiagnoseOptions& options, const Stages& stages, const Console& console);

// The part after the look, for tests: prints, and returns the findings in the contract's shape.
Json PrintDiagnosis(const Looked& looked, OutputFormat format, const Stages& stages,
                    const Console& console);

}  // namespace nsobs
