#include "userspace/snapshot/net/netlink.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

// The kernel fills at most 32 KiB a message batch (NLMSG_GOODSIZE and max_recvmsg_len).
constexpr size_t kReceiveSize = 64 << 10;
constexpr uint32_t kSequence = 1;

using Socket = std::unique_ptr<mnl_socket, decltype(&mnl_socket_close)>;

// What one batch of answers says about the rest.
enum class Next { kMore, kDone };

struct Conversation {
  const NetlinkLimits& limits;
  absl::FunctionRef<bool(const nlmsghdr*)> on_message;
  bool is_dump;
  size_t messages = 0;
  int error = 0;
  absl::Status status = absl::OkStatus();
};

Next OnMessage(const nlmsghdr* message, Conversation* talk) {
  if (message->nlmsg_seq != kSequence) return Next::kMore;
  if (message->nlmsg_type == NLMSG_NOOP) return Next::kMore;
  if (message->nlmsg_type == NLMSG_ERROR || message->nlmsg_type == NLMSG_DONE) {
    // Both begin with a negative errno or 0 (netlink(7); a dump that fails late says so in DONE).
    int32_t code = 0;
    if (mnl_nlmsg_get_payload_len(message) >= sizeof code)
      std::memcpy(&code, mnl_nlmsg_get_payload(message), sizeof code);
    talk->error = code < 0 ? -code : 0;
    return Next::kDone;
  }
  if (++talk->messages > talk->limits.max_messages) {
    talk->status = absl::ResourceExhaustedError("more rows than are read");
    return Next::kDone;
  }
  if (!talk->on_message(message)) return Next::kDone;
  return talk->is_dump ? Next::kMore : Next::kDone;
}

void SetTimeout(mnl_socket* socket, absl::Time deadline) {
  const absl::Duration left = std::max(deadline - absl::Now(), absl::Milliseconds(1));
  const timeval timeout = absl::ToTimeval(left);
  setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

absl::Status Receive(mnl_socket* socket, Conversation* talk) {
  std::vector<char> buffer(kReceiveSize);
  while (true) {
    if (absl::Now() >= talk->limits.deadline) return absl::DeadlineExceededError("netlink");
    const ssize_t size = mnl_socket_recvfrom(socket, buffer.data(), buffer.size());
    if (size < 0 && (errno == EINTR)) continue;
    if (size < 0 && errno == EAGAIN) return absl::DeadlineExceededError("netlink");
    if (size < 0) return ErrnoStatus(errno, "netlink");
    int left = static_cast<int>(size);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
      if (OnMessage(message, talk) == Next::kDone) return talk->status;
  }
}

}  // namespace

NetlinkRequest::NetlinkRequest(uint16_t type, uint16_t flags)
    : header_(mnl_nlmsg_put_header(buffer_.data())) {
  header_->nlmsg_type = type;
  header_->nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | flags);
  header_->nlmsg_seq = kSequence;
}

absl::Status NetlinkTalk(int protocol, NetlinkRequest* request, const NetlinkLimits& limits,
                         absl::FunctionRef<bool(const nlmsghdr*)> on_message, int* error) {
  const Socket socket(mnl_socket_open2(protocol, SOCK_CLOEXEC), &mnl_socket_close);
  if (socket == nullptr) return ErrnoStatus(errno, "netlink socket");
  if (mnl_socket_bind(socket.get(), 0, MNL_SOCKET_AUTOPID) != 0)
    return ErrnoStatus(errno, "netlink bind");
  SetTimeout(socket.get(), limits.deadline);
  if (mnl_socket_sendto(socket.get(), request->header(), request->header()->nlmsg_len) < 0)
    return ErrnoStatus(errno, "netlink send");
  Conversation talk{.limits = limits,
                    .on_message = on_message,
                    .is_dump = (request->header()->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP};
  absl::Status status = Receive(socket.get(), &talk);
  if (error != nullptr) *error = talk.error;
  if (status.ok() && talk.error != 0) return ErrnoStatus(talk.error, "netlink");
  return status;
}

std::string AddressText(int family, const void* bytes, size_t size) {
  const size_t want = family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
  char text[INET6_ADDRSTRLEN];
  if (want == 0 || size < want || inet_ntop(family, bytes, text, sizeof text) == nullptr) return "";
  return text;
}

std::string AddressText(int family, const nlattr* attribute) {
  if (attribute == nullptr) return "";
  return AddressText(family, mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
}

}  // namespace nsobs
