#include "userspace/base/seqpacket.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kPacketBytes = 32 << 10;  // well below the smallest socket buffer
constexpr char kMore = 'm';
constexpr char kLast = 'l';

absl::StatusOr<sockaddr_un> AddressOf(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("a socket's path can't be longer than ",
                                                   sizeof(address.sun_path) - 1, " bytes"));
  }
  memcpy(address.sun_path, path.data(), path.size());
  return address;
}

absl::StatusOr<UniqueFd> NewSocket() {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.ok()) return ErrnoStatus(errno, "socket");
  return fd;
}

absl::Status SendPacket(int fd, char mark, std::string_view part, Deadline deadline) {
  iovec pieces[] = {{&mark, 1}, {const_cast<char*>(part.data()), part.size()}};
  msghdr header{};
  header.msg_iov = pieces;
  header.msg_iovlen = 2;
  while (sendmsg(fd, &header, MSG_NOSIGNAL) < 0) {
    if (errno == EAGAIN) {
      NSOBS_RETURN_IF_ERROR(AwaitSocket(fd, POLLOUT, deadline));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return absl::UnavailableError("the other side has gone");
    } else if (errno != EINTR) {
      return ErrnoStatus(errno, "sendmsg");
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status AwaitSocket(int fd, short events, Deadline deadline) {
  pollfd waiting = {fd, events, 0};
  while (true) {
    const int64_t left = absl::ToInt64Milliseconds(deadline.left());
    const int ready =
        left <= 0 ? 0 : poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready > 0) return absl::OkStatus();
    if (ready < 0 && errno != EINTR) return ErrnoStatus(errno, "poll");
    if (left <= 0) return absl::DeadlineExceededError("the other side took too long");
  }
}

absl::StatusOr<UniqueFd> ListenSeqpacket(const std::string& path) {
  NSOBS_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  NSOBS_ASSIGN_OR_RETURN(UniqueFd fd, NewSocket());
  // The file gets the socket's own mode: no moment in which others could connect.
  if (fchmod(fd.get(), 0600) != 0) return ErrnoStatus(errno, path);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return ErrnoStatus(errno, path);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      listen(fd.get(), 16) != 0) {
    return ErrnoStatus(errno, path);
  }
  return fd;
}

absl::StatusOr<UniqueFd> ConnectSeqpacket(const std::string& path) {
  NSOBS_ASSIGN_OR_RETURN(const sockaddr_un address, AddressOf(path));
  NSOBS_ASSIGN_OR_RETURN(UniqueFd fd, NewSocket());
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0)
    return fd;
  if (errno == ENOENT || errno == ENOTDIR || errno == ECONNREFUSED) {
    return absl::NotFoundError(absl::StrCat("nobody listens on ", path));
  }
  return ErrnoStatus(errno, path);
}

absl::Status SendMessage(int fd, std::string_view message, Deadline deadline) {
  while (message.size() > kPacketBytes) {
    NSOBS_RETURN_IF_ERROR(SendPacket(fd, kMore, message.substr(0, kPacketBytes), deadline));
    message.remove_prefix(kPacketBytes);
  }
  return SendPacket(fd, kLast, message, deadline);
}

absl::StatusOr<std::string> ReceiveMessage(int fd, size_t most_bytes, Deadline deadline) {
  std::string message;
  std::string packet(kPacketBytes + 1, '\0');
  while (true) {
    NSOBS_RETURN_IF_ERROR(AwaitSocket(fd, POLLIN, deadline));
    const ssize_t size = recv(fd, packet.data(), packet.size(), MSG_TRUNC);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (size <= 0) return absl::UnavailableError("the other side has gone");
    const size_t bytes = static_cast<size_t>(size);
    if (bytes > packet.size() || (packet[0] != kMore && packet[0] != kLast)) {
      return absl::InvalidArgumentError("not a packet of ours");
    }
    if (message.size() + bytes - 1 > most_bytes) {
      return absl::ResourceExhaustedError(absl::StrCat("longer than ", most_bytes, " bytes"));
    }
    message.append(packet, 1, bytes - 1);
    if (packet[0] == kLast) return message;
  }
}

}  // namespace nsobs
