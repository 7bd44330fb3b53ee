// Unix sockets that wait for peers: sock_diag(7), linux/unix_diag.h.
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "userspace/base/sanitize.h"
#include "userspace/snapshot/net/net_context.h"

namespace nsobs {
namespace {

constexpr size_t kMaxUnixSockets = 65'536;
// Of linux/unix_diag.h since 5.3, newer than some distributions' headers.
constexpr uint32_t kShowUid = 0x40;
constexpr int kUidAttribute = 7;

std::string_view TypeName(uint8_t type) {
  return type == SOCK_STREAM ? "unix_stream" : type == SOCK_DGRAM ? "unix_dgram" : "unix_seqpacket";
}

// An abstract name begins with NUL, shown as "@" as ss(8) does; a path may end in one.
std::string NameText(const nlattr* attribute) {
  std::string name(static_cast<const char*>(mnl_attr_get_payload(attribute)),
                   mnl_attr_get_payload_len(attribute));
  if (!name.empty() && name[0] == '\0') {
    name[0] = '@';
  } else {
    while (!name.empty() && name.back() == '\0') name.pop_back();
  }
  return ToUtf8(name);
}

void AddUnixListener(const nlmsghdr* message, SectionJson* out) {
  const auto& info = *static_cast<const unix_diag_msg*>(mnl_nlmsg_get_payload(message));
  const Attributes<kUidAttribute> found(message, sizeof info);
  SectionJson listener;
  listener["protocol"] = TypeName(info.udiag_type);
  listener["family"] = "unix";
  listener["address"] = nullptr;
  listener["port"] = nullptr;
  listener["path"] = NameText(found[UNIX_DIAG_NAME]);
  listener["uid"] = nullptr;
  if (found.Has(kUidAttribute)) listener["uid"] = found.Get<uint32_t>(kUidAttribute);
  listener["inode"] = info.udiag_ino;
  listener["process"] = nullptr;
  listener["v6only"] = false;
  out->push_back(std::move(listener));
}

// A stream listens; a datagram socket only has to have a name.
bool Waits(const nlmsghdr* message) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(unix_diag_msg)) return false;
  const auto& info = *static_cast<const unix_diag_msg*>(mnl_nlmsg_get_payload(message));
  if (info.udiag_type != SOCK_DGRAM && info.udiag_state != TCP_LISTEN) return false;
  return Attributes<UNIX_DIAG_MAX>(message, sizeof info).Has(UNIX_DIAG_NAME);
}

}  // namespace

SectionJson ReadUnixListeners(const NetContext& context) {
  SectionJson listeners = SectionJson::array();
  bool cut = false;
  NetlinkRequest request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
  auto* body = request.Body<unix_diag_req>();
  body->sdiag_family = AF_UNIX;
  body->udiag_states = (1U << TCP_LISTEN) | (1U << TCP_CLOSE) | (1U << TCP_ESTABLISHED);
  body->udiag_show = UDIAG_SHOW_NAME | kShowUid;
  NetlinkLimits limits = context.limits();
  limits.max_messages = kMaxUnixSockets;
  const absl::Status status =
      NetlinkTalk(NETLINK_SOCK_DIAG, &request, limits, [&](const nlmsghdr* message) {
        if (!Waits(message)) return true;
        cut = listeners.size() >= kMaxListeners;
        if (!cut) AddUnixListener(message, &listeners);
        return !cut;
      });
  if (cut || absl::IsResourceExhausted(status))
    context.Cut("listeners");
  else
    context.Note("unix listeners", status);
  return listeners;
}

}  // namespace nsobs
