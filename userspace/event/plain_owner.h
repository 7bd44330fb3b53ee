// Owners of namespaces that are no containers of a runtime.
#pragma once

#include "userspace/event/container.h"

namespace nsobs {

// `ip netns`, unshare, or a unit of systemd.
inline bool IsPlain(const Container& container) {
  return container.runtime == "netns" || container.runtime == "unshare" ||
         container.runtime == "systemd";
}

}  // namespace nsobs
