// One answer of RTM_GETROUTE as rows of the record.
#pragma once

#include <linux/rtnetlink.h>

#include <string>
#include <vector>

#include "userspace/snapshot/net/net_context.h"

namespace nsobs {

struct RouteRow {
  bool is_default = false;
  uint32_t table = 0;
  SectionJson json;
};

// "unicast", "unreachable": rtnetlink(7).
std::string RouteTypeName(uint8_t type);

// One row for each next hop; none for a cached route or a message that is too short.
std::vector<RouteRow> RouteRows(const NetContext& context, const nlmsghdr* message);

}  // namespace nsobs
