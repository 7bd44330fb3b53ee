// nsobserver doctor: what this host supports, source by source.
#pragma once

#include "userspace/config/config.h"
#include "userspace/main/console.h"

namespace nsobs {

struct DoctorOptions {
  Config config;
  OutputFormat format = OutputFormat::kTable;
};

int DoctorCommand(const DoctorOptions& options, const Console& console);

}  // namespace nsobs
