// nsobserver compare A B: which of the eight namespaces they share.
#pragma once

#include <string>

#include "userspace/config/config.h"
#include "userspace/main/console.h"

namespace nsobs {

struct CompareOptions {
  Config config;
  OutputFormat format = OutputFormat::kTable;
  std::string a;
  std::string b;
};

int CompareCommand(const CompareOptions& options, const Console& console);

}  // namespace nsobs
