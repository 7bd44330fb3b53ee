// The configuration file: sections of options, as in deploy/nsobserver.yaml.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "userspace/config/config.h"

namespace nsobs {

// Sets what `text` (the content of a file that errors call `name`) says. INVALID_ARGUMENT with
// "name:line: section.key: what is wrong"; `config` is then half changed.
absl::Status ApplyYaml(const std::string& text, const std::string& name, Config* config);

}  // namespace nsobs
