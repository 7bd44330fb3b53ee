#include "userspace/snapshot/fd_passing.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

struct ControlBuffer {
  alignas(cmsghdr) char bytes[CMSG_SPACE(kMaxPassedFds * sizeof(int))] = {};
};

}  // namespace

absl::Status SendMessage(int socket, std::string_view bytes, const std::vector<int>& fds) {
  if (fds.size() > kMaxPassedFds) return absl::InvalidArgumentError("too many descriptors");
  iovec data = {const_cast<char*>(bytes.data()), bytes.size()};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.bytes;
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
    if (errno != EINTR) return ErrnoStatus(errno, "sendmsg");
  return absl::OkStatus();
}

absl::StatusOr<PassedMessage> ReceiveMessage(int socket, size_t max_bytes) {
  PassedMessage out;
  out.bytes.resize(max_bytes);
  iovec data = {out.bytes.data(), out.bytes.size()};
  ControlBuffer control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t size = -1;
  while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0)
    if (errno != EINTR) return ErrnoStatus(errno, "recvmsg");
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
      out.fds.emplace_back(fd);
    }
  }
  if (size == 0) return absl::UnavailableError("the other end is closed");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return absl::DataLossError("message is too long");
  out.bytes.resize(static_cast<size_t>(size));
  return out;
}

}  // namespace nsobs
