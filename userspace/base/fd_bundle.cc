#include "userspace/base/fd_bundle.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "userspace/base/scm_rights.h"
#include "userspace/base/seqpacket.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

// A packet is a byte that says what it is, and its bytes: names, separated by lines, of the
// descriptors that come with it; or a piece of the text, the last of which ends the bundle.
constexpr char kFds = 'f';
constexpr char kText = 't';
constexpr char kLastText = 'l';

constexpr size_t kFdsPerPacket = 64;  // the kernel takes 253
constexpr size_t kBundlePacketBytes = 16 << 10;

struct Packet {
  char mark = 0;
  std::string bytes;
  std::vector<UniqueFd> fds;
};

using Control = RightsBuffer<kFdsPerPacket>;

absl::Status SendPacket(int socket, char mark, std::string_view bytes, const std::vector<int>& fds,
                        Deadline deadline) {
  iovec pieces[] = {{&mark, 1}, {const_cast<char*>(bytes.data()), bytes.size()}};
  Control control;
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  PutRights(fds, control.bytes, &message);
  while (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return absl::UnavailableError("the other side has gone");
    NSOBS_RETURN_IF_ERROR(AwaitSocket(socket, POLLOUT, deadline));
  }
  return absl::OkStatus();
}

absl::StatusOr<Packet> ReceivePacket(int socket, Deadline deadline) {
  Packet out;
  out.bytes.resize(kBundlePacketBytes);
  iovec pieces[] = {{&out.mark, 1}, {out.bytes.data(), out.bytes.size()}};
  Control control;
  msghdr message{};
  message.msg_iov = pieces;
  message.msg_iovlen = 2;
  message.msg_control = control.bytes;
  message.msg_controllen = sizeof control.bytes;
  ssize_t size = -1;
  while ((size = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0) {
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return absl::UnavailableError("the other side has gone");
    NSOBS_RETURN_IF_ERROR(AwaitSocket(socket, POLLIN, deadline));
  }
  TakeRights(&message, &out.fds);
  if (size == 0) return absl::UnavailableError("the other side has gone");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return absl::DataLossError("a packet that is too long");
  }
  out.bytes.resize(static_cast<size_t>(size) - 1);
  return out;
}

absl::Status AddFds(Packet packet, FdBundle* out) {
  const std::vector<std::string> names = absl::StrSplit(packet.bytes, '\n');
  if (names.size() != packet.fds.size()) return absl::DataLossError("names without descriptors");
  if (out->fds.size() + names.size() > kMaxBundleFds) {
    return absl::DataLossError("too many descriptors");
  }
  for (size_t i = 0; i < names.size(); ++i) {
    if (!IsBundleName(names[i]) || out->Find(names[i]) >= 0) {
      return absl::DataLossError("a name that is none, or stands twice");
    }
    out->fds.push_back({names[i], std::move(packet.fds[i])});
  }
  return absl::OkStatus();
}

}  // namespace

int FdBundle::Find(std::string_view name) const {
  for (const NamedFd& one : fds) {
    if (one.name == name) return one.fd.get();
  }
  return -1;
}

bool IsBundleName(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == '-';
         });
}

absl::Status SendBundle(int socket, const FdBundle& bundle, Deadline deadline) {
  if (bundle.text.size() > kMaxBundleText || bundle.fds.size() > kMaxBundleFds) {
    return absl::InvalidArgumentError("more than a bundle holds");
  }
  for (size_t at = 0; at < bundle.fds.size(); at += kFdsPerPacket) {
    std::vector<int> fds;
    std::vector<std::string> names;
    for (size_t i = at; i < std::min(at + kFdsPerPacket, bundle.fds.size()); ++i) {
      if (!IsBundleName(bundle.fds[i].name))
        return absl::InvalidArgumentError("no name of a bundle");
      names.push_back(bundle.fds[i].name);
      fds.push_back(bundle.fds[i].fd.get());
    }
    NSOBS_RETURN_IF_ERROR(SendPacket(socket, kFds, absl::StrJoin(names, "\n"), fds, deadline));
  }
  std::string_view text = bundle.text;
  while (text.size() > kBundlePacketBytes) {
    NSOBS_RETURN_IF_ERROR(
        SendPacket(socket, kText, text.substr(0, kBundlePacketBytes), {}, deadline));
    text.remove_prefix(kBundlePacketBytes);
  }
  return SendPacket(socket, kLastText, text, {}, deadline);
}

absl::StatusOr<FdBundle> ReceiveBundle(int socket, Deadline deadline) {
  FdBundle out;
  while (true) {
    NSOBS_ASSIGN_OR_RETURN(Packet packet, ReceivePacket(socket, deadline));
    if (packet.mark == kFds) {
      NSOBS_RETURN_IF_ERROR(AddFds(std::move(packet), &out));
      continue;
    }
    const bool is_text = packet.mark == kText || packet.mark == kLastText;
    if (!is_text || !packet.fds.empty() || out.text.size() + packet.bytes.size() > kMaxBundleText) {
      return absl::DataLossError("not a bundle");
    }
    out.text += packet.bytes;
    if (packet.mark == kLastText) return out;
  }
}

}  // namespace nsobs
