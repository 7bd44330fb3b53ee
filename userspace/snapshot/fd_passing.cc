#include "userspace/snapshot/fd_passing.h"

#include <sys/socket.h>

#include <cerrno>

#include "userspace/base/scm_rights.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

using Control = RightsBuffer<kMaxPassedFds>;

}  // namespace

absl::Status SendMessage(int socket, std::string_view bytes, const std::vector<int>& fds) {
  if (fds.size() > kMaxPassedFds) return absl::InvalidArgumentError("too many descriptors");
  iovec data = {const_cast<char*>(bytes.data()), bytes.size()};
  Control control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  PutRights(fds, control.bytes, &message);
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return ErrnoStatus(errno, "sendmsg");
  return absl::OkStatus();
}

absl::StatusOr<PassedMessage> ReceiveMessage(int socket, size_t max_bytes) {
  PassedMessage out;
  out.bytes.resize(max_bytes);
  iovec data = {out.bytes.data(), out.bytes.size()};
  Control control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t size = -1;
  while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0)
    if (errno != EINTR) return ErrnoStatus(errno, "recvmsg");
  TakeRights(&message, &out.fds);
  if (size == 0) return absl::UnavailableError("the other end is closed");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return absl::DataLossError("message is too long");
  out.bytes.resize(static_cast<size_t>(size));
  return out;
}

}  // namespace nsobs
