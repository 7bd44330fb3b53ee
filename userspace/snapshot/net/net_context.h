// What the readers of one net namespace share. The calling thread is in that namespace already.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "userspace/snapshot/net/netlink.h"
#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// A net namespace that a link's other end may lie in.
struct KnownNetns {
  uint32_t pid = 0;  // a process that lives there, by the helper's pid namespace
  uint32_t inode = 0;
};

struct NetContext {
  const Target* target = nullptr;
  std::string section = "net";  // the record's key: where errors belong
  std::string row;              // "/3": of one row of that section
  uint32_t inode = 0;           // of this namespace
  std::vector<KnownNetns> known;
  ReadNotes* notes = nullptr;
  std::map<uint32_t, std::string> link_names;  // by index; ReadLinks fills it

  NetlinkLimits limits() const { return {.deadline = target->deadline}; }
  // null for an index that names nothing.
  SectionJson LinkName(uint32_t index) const {
    const auto it = link_names.find(index);
    if (index == 0) return nullptr;
    return it == link_names.end() ? SectionJson(absl::StrCat("if", index))
                                  : SectionJson(it->second);
  }
  void Note(std::string_view what, const absl::Status& status) const {
    if (!status.ok())
      notes->Error(section, absl::StrCat(std::string(what), ": ", std::string(status.message())));
  }
  // `list` is below the section: "routes".
  void Cut(std::string_view list) const {
    notes->Truncated(absl::StrCat("/", section, row, "/", std::string(list)));
  }
};

// Row limits of the lists; what is beyond is named in `truncated`.
inline constexpr size_t kMaxLinks = 512;
inline constexpr size_t kMaxAddresses = 512;
inline constexpr size_t kMaxRoutes = 512;
inline constexpr size_t kMaxLocalRoutes = 128;  // of the table `local`, which says little
inline constexpr size_t kMaxRules = 128;
inline constexpr size_t kMaxNeighbours = 256;
inline constexpr size_t kMaxListeners = 512;  // of each protocol
inline constexpr size_t kMaxPacketRules = 1000;
inline constexpr size_t kMaxHostsLines = 64;

// Each returns one value of the section NET of event/SNAPSHOT.md.
SectionJson ReadLinks(NetContext* context);
SectionJson ReadAddresses(const NetContext& context);
SectionJson ReadRoutes(const NetContext& context);
SectionJson ReadPolicyRules(const NetContext& context);
SectionJson ReadNeighbours(const NetContext& context);
SectionJson ReadInetListeners(const NetContext& context);  // tcp and udp, both families
SectionJson ReadUnixListeners(const NetContext& context);
SectionJson ReadTcpStates(const NetContext& context);
SectionJson ReadSysctls(const NetContext& context);
SectionJson ReadSocketCounts(const NetContext& context);
// How the kernel would send to request.destination; null if there is none.
SectionJson ReadRouteTo(const NetContext& context);

// "inet", "inet6", "" for others.
std::string_view FamilyName(int family);

}  // namespace nsobs
