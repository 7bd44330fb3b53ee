// What resolv.conf(5) and hosts(5) say. Pure; any bytes are fine.
#pragma once

#include <string_view>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// {"path", "nameservers", "search", "options"}
SectionJson ParseResolvConf(std::string_view text);

// [{"address", "names"}], at most `max_lines`; *cut says whether there were more.
SectionJson ParseHosts(std::string_view text, size_t max_lines, bool* cut);

}  // namespace nsobs
