// Interfaces: rtnetlink(7), linux/if_link.h, linux/net_namespace.h.
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/net/net_context.h"

namespace nsobs {
namespace {

using LinkAttributes = Attributes<IFLA_LINK_NETNSID>;

// The ids by which this namespace knows others: it has one only for those it has a link to.
std::map<int32_t, uint32_t> NetnsIds(const NetContext& context) {
  std::map<int32_t, uint32_t> inodes;
  for (const KnownNetns& known : context.known) {
    NetlinkRequest request(RTM_GETNSID, 0);
    request.Body<rtgenmsg>()->rtgen_family = AF_UNSPEC;
    mnl_attr_put_u32(request.header(), NETNSA_PID, known.pid);
    // Not noted if it fails: the process may have ended, and then the end is merely not named.
    NetlinkTalk(NETLINK_ROUTE, &request, context.limits(), [&](const nlmsghdr* message) {
      const Attributes<NETNSA_MAX> found(message, sizeof(rtgenmsg));
      const auto id = found.Get<int32_t>(NETNSA_NSID, NETNSA_NSID_NOT_ASSIGNED);
      if (id >= 0) inodes[id] = known.inode;
      return true;
    }).IgnoreError();
  }
  return inodes;
}

std::string MacText(const nlattr* attribute) {
  if (attribute == nullptr) return "";
  const auto* bytes = static_cast<const uint8_t*>(mnl_attr_get_payload(attribute));
  const size_t size = std::min<size_t>(mnl_attr_get_payload_len(attribute), 32);
  return absl::StrJoin(bytes, bytes + size, ":", [](std::string* out, uint8_t byte) {
    absl::StrAppendFormat(out, "%02x", byte);
  });
}

SectionJson Kind(const ifinfomsg& info, const LinkAttributes& found) {
  if ((info.ifi_flags & IFF_LOOPBACK) != 0) return "lo";
  if (!found.Has(IFLA_LINKINFO)) return nullptr;
  const Attributes<IFLA_INFO_MAX> inner(found[IFLA_LINKINFO]);
  if (!inner.Has(IFLA_INFO_KIND)) return nullptr;
  return ToUtf8(inner.Text(IFLA_INFO_KIND));
}

// Where the other end (of a veth) or the lower device (of a vlan, macvlan) lies.
void PutPeer(const NetContext& context, const LinkAttributes& found,
             const std::map<int32_t, uint32_t>& netns_ids, SectionJson* link) {
  (*link)["peer_index"] = nullptr;
  (*link)["peer_netns"] = nullptr;
  const auto index = found.Get<uint32_t>(IFLA_LINK);
  if (index == 0) return;
  (*link)["peer_index"] = index;
  if (!found.Has(IFLA_LINK_NETNSID)) {
    (*link)["peer_netns"] = context.inode;
    return;
  }
  const auto it = netns_ids.find(found.Get<int32_t>(IFLA_LINK_NETNSID));
  if (it != netns_ids.end()) (*link)["peer_netns"] = it->second;
}

SectionJson ToLink(const NetContext& context, const nlmsghdr* message,
                   const std::map<int32_t, uint32_t>& netns_ids) {
  const auto& info = *static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(message));
  const LinkAttributes found(message, sizeof info);
  SectionJson link;
  link["index"] = info.ifi_index;
  link["name"] = ToUtf8(found.Text(IFLA_IFNAME));
  link["kind"] = Kind(info, found);
  link["up"] = (info.ifi_flags & IFF_UP) != 0;
  link["carrier"] = found.Get<uint8_t>(IFLA_CARRIER) != 0;
  link["mtu"] = found.Get<uint32_t>(IFLA_MTU);
  link["mac"] = MacText(found[IFLA_ADDRESS]);
  link["master"] = found.Get<uint32_t>(IFLA_MASTER);  // an index until all names are known
  PutPeer(context, found, netns_ids, &link);
  const auto counters = found.Get<rtnl_link_stats64>(IFLA_STATS64);
  link["rx_dropped"] = counters.rx_dropped;
  link["tx_dropped"] = counters.tx_dropped;
  return link;
}

}  // namespace

SectionJson ReadLinks(NetContext* context) {
  const std::map<int32_t, uint32_t> netns_ids = NetnsIds(*context);
  SectionJson links = SectionJson::array();
  bool cut = false;
  NetlinkRequest request(RTM_GETLINK, NLM_F_DUMP);
  request.Body<ifinfomsg>()->ifi_family = AF_UNSPEC;
  context->Note("links", NetlinkTalk(NETLINK_ROUTE, &request, context->limits(),
                                     [&](const nlmsghdr* message) {
                                       if (mnl_nlmsg_get_payload_len(message) < sizeof(ifinfomsg))
                                         return true;
                                       SectionJson link = ToLink(*context, message, netns_ids);
                                       const auto index = link["index"].get<uint32_t>();
                                       context->link_names[index] = link["name"];
                                       cut = links.size() >= kMaxLinks;
                                       if (!cut) links.push_back(std::move(link));
                                       return true;
                                     }));
  if (cut) context->Cut("links");
  for (SectionJson& link : links)
    link["master"] = context->LinkName(link["master"].get<uint32_t>());
  return links;
}

}  // namespace nsobs
