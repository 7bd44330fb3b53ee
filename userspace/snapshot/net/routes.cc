// Routes of all tables, and the route to one destination.
#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include "userspace/base/status_util.h"
#include "userspace/snapshot/net/net_context.h"
#include "userspace/snapshot/net/route_row.h"

namespace nsobs {
namespace {

// A table of a million routes is not walked to its end: 200,000 take 0.3 s.
constexpr size_t kMaxScanned = 50'000;

class RouteList {
 public:
  explicit RouteList(const NetContext& context) : context_(context) {}

  void Dump(uint8_t family) {
    NetlinkRequest request(RTM_GETROUTE, NLM_F_DUMP);
    request.Body<rtmsg>()->rtm_family = family;
    NetlinkLimits limits = context_.limits();
    limits.max_messages = kMaxScanned;
    const absl::Status status =
        NetlinkTalk(NETLINK_ROUTE, &request, limits, [this](const nlmsghdr* message) {
          for (RouteRow& row : RouteRows(context_, message)) Add(std::move(row));
          return true;
        });
    if (absl::IsResourceExhausted(status))
      cut_ = true;
    else
      context_.Note("routes", status);
  }

  SectionJson Take() {
    if (cut_) context_.Cut("routes");
    for (SectionJson& row : local_) rows_.push_back(std::move(row));
    return std::move(rows_);
  }

 private:
  // Default routes are never cut: whether there is one is what is asked first.
  void Add(RouteRow row) {
    const bool is_local = row.table == RT_TABLE_LOCAL;
    SectionJson& list = is_local ? local_ : rows_;
    const size_t cap = is_local ? kMaxLocalRoutes : kMaxRoutes - kMaxLocalRoutes;
    if (list.size() < cap || (row.is_default && list.size() < kMaxRoutes))
      list.push_back(std::move(row.json));
    else
      cut_ = true;
  }

  const NetContext& context_;
  SectionJson rows_ = SectionJson::array();
  SectionJson local_ = SectionJson::array();
  bool cut_ = false;
};

// The family of an address in text and its bytes; 0 if it is neither.
int ParseAddress(const std::string& text, in6_addr* bytes) {
  if (inet_pton(AF_INET, text.c_str(), bytes) == 1) return AF_INET;
  return inet_pton(AF_INET6, text.c_str(), bytes) == 1 ? AF_INET6 : 0;
}

SectionJson Unreachable(const std::string& destination, SectionJson errno_name) {
  SectionJson out;
  out["destination"] = destination;
  out["reachable"] = false;
  out["errno_name"] = std::move(errno_name);
  for (const char* key : {"gateway", "link", "source", "type"}) out[key] = nullptr;
  return out;
}

}  // namespace

SectionJson ReadRoutes(const NetContext& context) {
  RouteList list(context);
  list.Dump(AF_INET);
  list.Dump(AF_INET6);
  return list.Take();
}

SectionJson ReadRouteTo(const NetContext& context) {
  const std::string& destination = context.target->request->destination;
  if (destination.empty()) return nullptr;
  in6_addr bytes{};
  const int family = ParseAddress(destination, &bytes);
  if (family == 0) return nullptr;
  NetlinkRequest request(RTM_GETROUTE, 0);
  auto* body = request.Body<rtmsg>();
  body->rtm_family = static_cast<uint8_t>(family);
  body->rtm_dst_len = family == AF_INET ? 32 : 128;
  mnl_attr_put(request.header(), RTA_DST, family == AF_INET ? 4 : 16, &bytes);
  SectionJson out;
  int error = 0, inner_error = 0;
  const absl::Status status = NetlinkTalk(
      NETLINK_ROUTE, &request, context.limits(),
      [&](const nlmsghdr* message) {
        if (mnl_nlmsg_get_payload_len(message) < sizeof(rtmsg)) return true;
        const auto& info = *static_cast<const rtmsg*>(mnl_nlmsg_get_payload(message));
        const Attributes<RTA_MAX> found(message, sizeof info);
        // An unreachable route of IPv6 is an answer whose error stands inside.
        inner_error = -found.Get<rta_cacheinfo>(RTA_CACHEINFO).rta_error;
        out = Unreachable(destination, nullptr);
        out["reachable"] = info.rtm_type == RTN_UNICAST || info.rtm_type == RTN_LOCAL ||
                           info.rtm_type == RTN_BROADCAST || info.rtm_type == RTN_MULTICAST ||
                           info.rtm_type == RTN_ANYCAST;
        if (found.Has(RTA_GATEWAY)) out["gateway"] = AddressText(family, found[RTA_GATEWAY]);
        out["link"] = context.LinkName(found.Get<uint32_t>(RTA_OIF));
        if (found.Has(RTA_PREFSRC)) out["source"] = AddressText(family, found[RTA_PREFSRC]);
        out["type"] = RouteTypeName(info.rtm_type);
        return true;
      },
      &error);
  if (error == 0) error = inner_error;
  if (error > 0) return Unreachable(destination, ErrnoName(error));
  context.Note("route_to", status);
  return out;
}

}  // namespace nsobs
