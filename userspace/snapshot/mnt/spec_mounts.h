// The mounts that the runtime was asked for, and whether their sources are there on the host.
#pragma once

#include <string_view>
#include <vector>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

inline constexpr size_t kMaxSpecMounts = 256;

// From an OCI config.json: its "mounts", each with destination, source, type, options. Pure.
std::vector<SectionJson> ParseSpecMounts(std::string_view config_json);

// The list "spec_mounts"; for host paths also source_exists, source_is_empty, source_changed,
// source_propagation and host_mounts. A path is followed only through links right below / and /var,
// and only on filesystems that answer from the kernel.
SectionJson SpecMounts(const Target& target, ReadNotes* notes);

}  // namespace nsobs
