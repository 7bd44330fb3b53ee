// TCP and UDP sockets: sock_diag(7), linux/inet_diag.h.
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>

#include "userspace/snapshot/net/net_context.h"

namespace nsobs {
namespace {

// More than these are not counted one by one.
constexpr size_t kMaxCounted = 65'536;

struct Query {
  uint8_t family;
  uint8_t protocol;
  uint32_t states;  // a bit for each TCP state
};

absl::Status Ask(const NetContext& context, const Query& query, size_t max_rows,
                 absl::FunctionRef<void(const inet_diag_msg&, const nlmsghdr*)> on_socket) {
  NetlinkRequest request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
  auto* body = request.Body<inet_diag_req_v2>();
  body->sdiag_family = query.family;
  body->sdiag_protocol = query.protocol;
  body->idiag_states = query.states;
  NetlinkLimits limits = context.limits();
  limits.max_messages = max_rows;
  return NetlinkTalk(NETLINK_SOCK_DIAG, &request, limits, [&](const nlmsghdr* message) {
    if (mnl_nlmsg_get_payload_len(message) >= sizeof(inet_diag_msg))
      on_socket(*static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message)), message);
    return true;
  });
}

SectionJson ToListener(const Query& query, const inet_diag_msg& info, const nlmsghdr* message) {
  const Attributes<INET_DIAG_MAX> found(message, sizeof info);
  SectionJson listener;
  listener["protocol"] = query.protocol == IPPROTO_TCP ? "tcp" : "udp";
  listener["family"] = FamilyName(info.idiag_family);
  listener["address"] = AddressText(info.idiag_family, info.id.idiag_src, sizeof info.id.idiag_src);
  listener["port"] = ntohs(info.id.idiag_sport);
  listener["path"] = nullptr;
  listener["uid"] = info.idiag_uid;
  listener["inode"] = info.idiag_inode;
  listener["process"] = nullptr;
  listener["v6only"] = found.Get<uint8_t>(INET_DIAG_SKV6ONLY) != 0;
  return listener;
}

// A UDP socket waits for anybody once it is bound and not connected (state CLOSE, no peer port).
bool Listens(const Query& query, const inet_diag_msg& info) {
  return query.protocol == IPPROTO_TCP || info.id.idiag_dport == 0;
}

void AddListeners(const NetContext& context, const Query& query, SectionJson* out) {
  size_t rows = 0;
  const absl::Status status =
      Ask(context, query, kMaxCounted, [&](const inet_diag_msg& info, const nlmsghdr* message) {
        if (!Listens(query, info)) return;
        if (++rows <= kMaxListeners) out->push_back(ToListener(query, info, message));
      });
  if (rows > kMaxListeners || absl::IsResourceExhausted(status))
    context.Cut("listeners");
  else
    context.Note("listeners", status);
}

// linux/net/tcp_states.h, from 1.
constexpr std::array<const char*, 12> kStateNames = {
    "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2", "time_wait",
    "close",       "close_wait", "last_ack", "listen",    "closing",   "new_syn_recv"};

}  // namespace

SectionJson ReadInetListeners(const NetContext& context) {
  SectionJson listeners = SectionJson::array();
  for (const uint8_t family : {AF_INET, AF_INET6}) {
    AddListeners(context, {family, IPPROTO_TCP, 1U << TCP_LISTEN}, &listeners);
    AddListeners(context, {family, IPPROTO_UDP, 1U << TCP_CLOSE}, &listeners);
  }
  return listeners;
}

SectionJson ReadTcpStates(const NetContext& context) {
  std::array<uint64_t, kStateNames.size()> counts{};
  for (const uint8_t family : {AF_INET, AF_INET6}) {
    const Query query{family, IPPROTO_TCP, ~0U};
    const absl::Status status =
        Ask(context, query, kMaxCounted, [&](const inet_diag_msg& info, const nlmsghdr*) {
          const size_t index = static_cast<size_t>(info.idiag_state) - 1;
          if (index < counts.size()) ++counts[index];
        });
    if (absl::IsResourceExhausted(status))
      context.Cut("tcp_states");
    else
      context.Note("tcp_states", status);
  }
  SectionJson out = SectionJson::object();
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i] != 0) out[kStateNames[i]] = counts[i];
  return out;
}

}  // namespace nsobs
