// Who answers on the links: linux/neighbour.h.
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "userspace/snapshot/net/net_context.h"

namespace nsobs {
namespace {

std::string_view StateName(uint16_t state) {
  switch (state) {
    case NUD_INCOMPLETE:
      return "incomplete";
    case NUD_REACHABLE:
      return "reachable";
    case NUD_STALE:
      return "stale";
    case NUD_DELAY:
      return "delay";
    case NUD_PROBE:
      return "probe";
    case NUD_FAILED:
      return "failed";
    case NUD_PERMANENT:
      return "permanent";
    default:
      return "none";
  }
}

SectionJson Mac(const nlattr* attribute) {
  if (attribute == nullptr) return nullptr;
  const auto* bytes = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
  const size_t size = std::min<size_t>(mnl_attr_get_payload_len(attribute), 32);
  return absl::StrJoin(bytes, bytes + size, ":", [](std::string* out, uint8_t byte) {
    absl::StrAppendFormat(out, "%02x", byte);
  });
}

}  // namespace

SectionJson ReadNeighbours(const NetContext& context) {
  SectionJson neighbours = SectionJson::array();
  bool cut = false;
  NetlinkRequest request(RTM_GETNEIGH, NLM_F_DUMP);
  request.Body<ndmsg>()->ndm_family = AF_UNSPEC;
  const auto keep = [&](const nlmsghdr* message) {
    if (mnl_nlmsg_get_payload_len(message) < sizeof(ndmsg)) return true;
    const auto& info = *static_cast<const ndmsg*>(mnl_nlmsg_get_payload(message));
    // Multicast and loopback entries, and a bridge's own table.
    if ((info.ndm_state & NUD_NOARP) != 0 || FamilyName(info.ndm_family).empty()) return true;
    cut = neighbours.size() >= kMaxNeighbours;
    if (cut) return false;
    const Attributes<NDA_MAX> found(message, sizeof info);
    SectionJson neighbour;
    neighbour["family"] = FamilyName(info.ndm_family);
    neighbour["address"] = AddressText(info.ndm_family, found[NDA_DST]);
    neighbour["link"] = context.LinkName(static_cast<uint32_t>(info.ndm_ifindex));
    neighbour["state"] = StateName(info.ndm_state);
    neighbour["mac"] = Mac(found[NDA_LLADDR]);
    neighbours.push_back(std::move(neighbour));
    return true;
  };
  context.Note("neighbours", NetlinkTalk(NETLINK_ROUTE, &request, context.limits(), keep));
  if (cut) context.Cut("neighbours");
  return neighbours;
}

}  // namespace nsobs
