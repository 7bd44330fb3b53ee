#include "userspace/snapshot/net/route_row.h"

#include <array>

namespace nsobs {
namespace {

using RouteAttributes = Attributes<RTA_MAX>;

// The gateway of a route or of a next hop; an IPv4 route may go by an IPv6 one (RTA_VIA).
SectionJson Gateway(int family, const RouteAttributes& found) {
  if (found.Has(RTA_GATEWAY)) return AddressText(family, found[RTA_GATEWAY]);
  if (!found.Has(RTA_VIA)) return nullptr;
  const size_t size = mnl_attr_get_payload_len(found[RTA_VIA]);
  if (size < sizeof(rtvia)) return nullptr;
  const auto* via = static_cast<const rtvia*>(mnl_attr_get_payload(found[RTA_VIA]));
  return AddressText(via->rtvia_family, via->rtvia_addr, size - sizeof(rtvia));
}

std::string Destination(const rtmsg& info, const RouteAttributes& found) {
  if (info.rtm_dst_len == 0) return "default";
  return absl::StrCat(AddressText(info.rtm_family, found[RTA_DST]), "/",
                      static_cast<int>(info.rtm_dst_len));
}

RouteRow ToRow(const NetContext& context, const rtmsg& info, const RouteAttributes& found) {
  RouteRow row;
  row.is_default = info.rtm_dst_len == 0;
  row.table = found.Get<uint32_t>(RTA_TABLE, info.rtm_table);
  SectionJson& json = row.json;
  json["family"] = FamilyName(info.rtm_family);
  json["destination"] = Destination(info, found);
  json["gateway"] = Gateway(info.rtm_family, found);
  json["link"] = context.LinkName(found.Get<uint32_t>(RTA_OIF));
  json["table"] = row.table;
  json["type"] = RouteTypeName(info.rtm_type);
  json["metric"] = found.Get<uint32_t>(RTA_PRIORITY);
  json["source"] = nullptr;
  if (found.Has(RTA_PREFSRC)) json["source"] = AddressText(info.rtm_family, found[RTA_PREFSRC]);
  return row;
}

// struct rtnexthop, each followed by its attributes and padded to 4 bytes (rtnetlink.h).
std::vector<RouteRow> NextHops(const NetContext& context, int family, const RouteRow& row,
                               const nlattr* multipath) {
  std::vector<RouteRow> rows;
  const char* at = static_cast<const char*>(mnl_attr_get_payload(multipath));
  size_t left = mnl_attr_get_payload_len(multipath);
  while (left >= sizeof(rtnexthop)) {
    rtnexthop hop;
    std::memcpy(&hop, at, sizeof hop);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left) break;
    const RouteAttributes found(at + sizeof hop, hop.rtnh_len - sizeof hop);
    RouteRow next = row;
    next.json["gateway"] = Gateway(family, found);
    next.json["link"] = context.LinkName(static_cast<uint32_t>(hop.rtnh_ifindex));
    rows.push_back(std::move(next));
    const size_t step = std::min<size_t>(RTNH_ALIGN(hop.rtnh_len), left);
    at += step;
    left -= step;
  }
  return rows;
}

}  // namespace

std::string RouteTypeName(uint8_t type) {
  static constexpr std::array<std::string_view, 12> kNames = {
      "unspec",    "unicast",     "local",    "broadcast", "anycast", "multicast",
      "blackhole", "unreachable", "prohibit", "throw",     "nat",     "xresolve"};
  return type < kNames.size() ? std::string(kNames[type]) : absl::StrCat(type);
}

std::vector<RouteRow> RouteRows(const NetContext& context, const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return {};
  const auto& info = *static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
  if ((info.rtm_flags & RTM_F_CLONED) != 0) return {};
  const RouteAttributes found(message, sizeof info);
  RouteRow row = ToRow(context, info, found);
  if (found.Has(RTA_MULTIPATH))
    return NextHops(context, info.rtm_family, row, found[RTA_MULTIPATH]);
  std::vector<RouteRow> rows;
  rows.push_back(std::move(row));
  return rows;
}

}  // namespace nsobs
