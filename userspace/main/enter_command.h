// nsobserver enter TARGET -- COMMAND: host tools in a target's namespaces, as few as are needed.
#pragma once

#include <string>
#include <vector>

#include "userspace/config/config.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/main/console.h"

namespace nsobs {

struct EnterOptions {
  Config config;
  std::string target;
  std::vector<NamespaceKind> kinds;  // never empty
  bool dns = false;                  // the target's resolv.conf and hosts over the host's
  std::vector<std::string> command;  // never empty
};

// The command's own exit code (128 and the signal's number if one ended it, 126 and 127 if it can't
// be run, as shells have it), or one of ours if it never ran.
int EnterCommand(const EnterOptions& options, const Console& console);

}  // namespace nsobs
