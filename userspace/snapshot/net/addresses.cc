// Addresses: rtnetlink(7), linux/if_addr.h.
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "userspace/snapshot/net/net_context.h"

namespace nsobs {
namespace {

std::string ScopeName(uint8_t scope) {
  switch (scope) {
    case RT_SCOPE_UNIVERSE:
      return "global";
    case RT_SCOPE_SITE:
      return "site";
    case RT_SCOPE_LINK:
      return "link";
    case RT_SCOPE_HOST:
      return "host";
    case RT_SCOPE_NOWHERE:
      return "nowhere";
    default:
      return absl::StrCat(scope);
  }
}

SectionJson ToAddress(const NetContext& context, const nlmsghdr* message) {
  const auto& info = *static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(message));
  const Attributes<IFA_MAX> found(message, sizeof info);
  // With a peer, IFA_ADDRESS is the peer's and IFA_LOCAL ours; IPv6 without one has no IFA_LOCAL.
  const nlattr* own = found.Has(IFA_LOCAL) ? found[IFA_LOCAL] : found[IFA_ADDRESS];
  SectionJson address;
  address["link"] = context.LinkName(info.ifa_index);
  address["family"] = FamilyName(info.ifa_family);
  address["address"] = AddressText(info.ifa_family, own);
  address["prefix"] = info.ifa_prefixlen;
  address["scope"] = ScopeName(info.ifa_scope);
  return address;
}

}  // namespace

std::string_view FamilyName(int family) {
  return family == AF_INET ? "inet" : family == AF_INET6 ? "inet6" : "";
}

SectionJson ReadAddresses(const NetContext& context) {
  SectionJson addresses = SectionJson::array();
  bool cut = false;
  NetlinkRequest request(RTM_GETADDR, NLM_F_DUMP);
  request.Body<ifaddrmsg>()->ifa_family = AF_UNSPEC;
  const auto keep = [&](const nlmsghdr* message) {
    if (mnl_nlmsg_get_payload_len(message) < sizeof(ifaddrmsg)) return true;
    cut = addresses.size() >= kMaxAddresses;
    if (!cut) addresses.push_back(ToAddress(context, message));
    return !cut;
  };
  context.Note("addresses", NetlinkTalk(NETLINK_ROUTE, &request, context.limits(), keep));
  if (cut) context.Cut("addresses");
  return addresses;
}

}  // namespace nsobs
