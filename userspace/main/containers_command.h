// nsobserver containers: what runs here, with --all also what ran.
#pragma once

#include "userspace/config/config.h"
#include "userspace/main/console.h"

namespace nsobs {

struct ContainersOptions {
  Config config;
  OutputFormat format = OutputFormat::kTable;
  bool all = false;
};

int ContainersCommand(const ContainersOptions& options, const Console& console);

}  // namespace nsobs
