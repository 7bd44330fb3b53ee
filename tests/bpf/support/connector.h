// Connects as programs do them, and what the program itself saw of each.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "tests/bpf/support/child.h"
#include "tests/bpf/support/facts.h"

namespace nsobs {

enum class ConnectMode {
  kBlocking,
  kPoll,       // non-blocking; poll(), then SO_ERROR
  kEpoll,      // non-blocking; epoll_wait(), then SO_ERROR
  kReconnect,  // non-blocking; poll(), then a second connect() for the errno
  kClose,      // non-blocking; poll(), then close() without asking
  kThread,     // blocking, in a thread
};
const char* ModeName(ConnectMode mode);

// Plain, so that a child may have it by value.
struct ConnectPlan {
  char address[64] = {};  // IPv4 or IPv6
  uint16_t port = 0;
  ConnectMode mode = ConnectMode::kBlocking;
  int type = SOCK_STREAM;
  uint32_t user_timeout_ms = 0;
  uint16_t bind_port = 0;
};
ConnectPlan MakePlan(const char* address, uint16_t port, ConnectMode mode = ConnectMode::kBlocking);

struct ConnectReport {
  int error = 0;  // 0: connected
  uint32_t tid = 0;
  uint16_t local_port = 0;  // after the first call
  char local_address[64] = {};
  int64_t from_boot_ns = 0;  // around all of it
  int64_t to_boot_ns = 0;
};

// A whole connect by the plan, in the calling process.
ConnectReport Connect(const ConnectPlan& plan);

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};
Address MakeAddress(const std::string& address, uint16_t port);
uint16_t LocalPort(int fd);
int SocketError(int fd);  // getsockopt(SO_ERROR)

// A listening TCP socket on a port of the kernel's choice.
UniqueFd Listen(const std::string& address, uint16_t* port, int backlog = 128);

}  // namespace nsobs
