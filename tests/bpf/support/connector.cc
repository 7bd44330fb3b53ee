#include "tests/bpf/support/connector.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <thread>

#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

void AwaitByPoll(int fd) {
  pollfd wait{fd, POLLOUT, 0};
  while (poll(&wait, 1, 15'000) < 0 && errno == EINTR) continue;
}

void AwaitByEpoll(int fd) {
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{};
  event.events = EPOLLOUT;
  epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd, &event);
  while (epoll_wait(epoll.get(), &event, 1, 15'000) < 0 && errno == EINTR) continue;
}

UniqueFd OpenSocket(const ConnectPlan& plan, const Address& to) {
  const bool blocking = plan.mode == ConnectMode::kBlocking || plan.mode == ConnectMode::kThread;
  UniqueFd fd(
      socket(to.storage.ss_family, plan.type | SOCK_CLOEXEC | (blocking ? 0 : SOCK_NONBLOCK), 0));
  if (plan.user_timeout_ms != 0) {
    setsockopt(fd.get(), IPPROTO_TCP, TCP_USER_TIMEOUT, &plan.user_timeout_ms,
               sizeof plan.user_timeout_ms);
  }
  if (plan.bind_port != 0) {
    const int one = 1;
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    const bool v6 = to.storage.ss_family == AF_INET6;
    const Address from = MakeAddress(v6 ? "::1" : "127.0.0.1", plan.bind_port);
    bind(fd.get(), from.get(), from.size);
  }
  return fd;
}

void ReadLocal(int fd, ConnectReport* out) {
  Address local;
  local.size = sizeof local.storage;
  if (getsockname(fd, local.get(), &local.size) != 0) return;
  out->local_port = LocalPort(fd);
  if (local.storage.ss_family == AF_INET6) {
    const auto* in6 = reinterpret_cast<const sockaddr_in6*>(&local.storage);
    inet_ntop(AF_INET6, &in6->sin6_addr, out->local_address, sizeof out->local_address);
  } else {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&local.storage);
    inet_ntop(AF_INET, &in->sin_addr, out->local_address, sizeof out->local_address);
  }
}

// The error of a connect that is under way, the way the mode learns it.
int AwaitOutcome(const ConnectPlan& plan, UniqueFd* fd, const Address& to) {
  switch (plan.mode) {
    case ConnectMode::kPoll:
      AwaitByPoll(fd->get());
      return SocketError(fd->get());
    case ConnectMode::kEpoll:
      AwaitByEpoll(fd->get());
      return SocketError(fd->get());
    case ConnectMode::kReconnect:
      AwaitByPoll(fd->get());
      return connect(fd->get(), to.get(), to.size) == 0 ? 0 : errno;
    case ConnectMode::kClose:
      AwaitByPoll(fd->get());
      fd->reset();
      return -1;
    case ConnectMode::kBlocking:
    case ConnectMode::kThread:
      break;
  }
  return EINPROGRESS;
}

ConnectReport ConnectHere(const ConnectPlan& plan) {
  ConnectReport out;
  out.tid = ReadOwnFacts().tid;  // the host's number for it
  const Address to = MakeAddress(plan.address, plan.port);
  UniqueFd fd = OpenSocket(plan, to);
  out.from_boot_ns = BootNowNs();
  out.error = connect(fd.get(), to.get(), to.size) == 0 ? 0 : errno;
  ReadLocal(fd.get(), &out);
  if (out.error == EINPROGRESS) out.error = AwaitOutcome(plan, &fd, to);
  out.to_boot_ns = BootNowNs();
  return out;
}

}  // namespace

const char* ModeName(ConnectMode mode) {
  switch (mode) {
    case ConnectMode::kBlocking:
      return "Blocking";
    case ConnectMode::kPoll:
      return "Poll";
    case ConnectMode::kEpoll:
      return "Epoll";
    case ConnectMode::kReconnect:
      return "Reconnect";
    case ConnectMode::kClose:
      return "Close";
    case ConnectMode::kThread:
      return "Thread";
  }
  return "";
}

ConnectPlan MakePlan(const char* address, uint16_t port, ConnectMode mode) {
  ConnectPlan plan;
  strncpy(plan.address, address, sizeof plan.address - 1);
  plan.port = port;
  plan.mode = mode;
  return plan;
}

ConnectReport Connect(const ConnectPlan& plan) {
  if (plan.mode != ConnectMode::kThread) return ConnectHere(plan);
  ConnectReport out;
  std::thread([&] { out = ConnectHere(plan); }).join();
  return out;
}

Address MakeAddress(const std::string& address, uint16_t port) {
  Address out;
  auto* in = reinterpret_cast<sockaddr_in*>(&out.storage);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&out.storage);
  if (inet_pton(AF_INET, address.c_str(), &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    out.size = sizeof *in;
  } else if (inet_pton(AF_INET6, address.c_str(), &in6->sin6_addr) == 1) {
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    out.size = sizeof *in6;
  }
  return out;
}

uint16_t LocalPort(int fd) {
  Address local;
  local.size = sizeof local.storage;
  if (getsockname(fd, local.get(), &local.size) != 0) return 0;
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&local.storage)->sin_port);
}

int SocketError(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

UniqueFd Listen(const std::string& address, uint16_t* port, int backlog) {
  const Address at = MakeAddress(address, *port);
  UniqueFd fd(socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bind(fd.get(), at.get(), at.size) != 0 || listen(fd.get(), backlog) != 0) return UniqueFd();
  *port = LocalPort(fd.get());
  return fd;
}

}  // namespace nsobs
