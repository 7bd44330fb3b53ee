// Cutting a record down to size.
#include <array>

#include "userspace/snapshot/frames.h"

namespace nsobs {
namespace {

uint64_t SizeOf(const SectionJson& value) {
  return value.dump(-1, ' ', false, SectionJson::error_handler_t::replace).size();
}

// What goes first explains least. An entry with a member drops that member of each row, one without
// leaves the first eighth of the rows.
struct Cut {
  const char* pointer;
  const char* member = nullptr;
};
constexpr std::array kCuts = {
    Cut{"/host_net/netfilter/rules", "expr"},
    Cut{"/net/netfilter/rules", "expr"},
    Cut{"/host_net/neighbours"},
    Cut{"/host_net/routes"},
    Cut{"/net/neighbours"},
    Cut{"/mnt/mounts"},
    Cut{"/pid/processes"},
    Cut{"/net/routes"},
    Cut{"/peer_nets", "links"},
    Cut{"/host_net/links"},
    Cut{"/host_net/addresses"},
    Cut{"/host_net/netfilter/rules"},
    Cut{"/peer_nets", "netfilter"},
    Cut{"/net/netfilter/rules"},
    Cut{"/host_net/listeners"},
    Cut{"/peer_nets"},
    Cut{"/net/listeners"},
    Cut{"/net/links"},
    Cut{"/net/addresses"},
};
// Whole sections, if even that didn't do.
constexpr std::array kSections = {"/mnt", "/peer_nets", "/host_net", "/cgroup", "/pid",
                                  "/ipc", "/timens",    "/uts",      "/user",   "/net"};

void NoteCut(const std::string& pointer, SectionJson* record) {
  SectionJson& list = (*record)["truncated"];
  for (const SectionJson& known : list)
    if (known == pointer) return;
  list.push_back(pointer);
}

bool Apply(const Cut& cut, SectionJson* record) {
  const SectionJson::json_pointer pointer(cut.pointer);
  if (!record->contains(pointer) || !(*record)[pointer].is_array()) return false;
  SectionJson& rows = (*record)[pointer];
  if (cut.member != nullptr) {
    for (SectionJson& row : rows)
      if (row.is_object()) row.erase(cut.member);
    return true;
  }
  const size_t left = rows.size() / 8;
  if (left == rows.size()) return false;
  rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(left), rows.end());
  return true;
}

}  // namespace

void FitRecord(uint64_t max_bytes, SectionJson* record) {
  for (const Cut& cut : kCuts) {
    if (SizeOf(*record) <= max_bytes) return;
    if (Apply(cut, record)) NoteCut(cut.pointer, record);
  }
  for (const char* section : kSections) {
    if (SizeOf(*record) <= max_bytes) return;
    if (record->erase(section + 1) > 0) NoteCut(section, record);
  }
  if (SizeOf(*record) > max_bytes) (*record)["errors"] = SectionJson::array();
}

}  // namespace nsobs
