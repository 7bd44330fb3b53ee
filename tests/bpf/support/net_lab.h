// Two net namespaces of our own, joined by a veth pair: connects that fail in every way that a
// network can make them. Held by file descriptors only, so that they are gone with the test.
#pragma once

#include <memory>
#include <string>

#include "userspace/base/fd.h"

namespace nsobs {

// The near side has 10.99.0.1 and fd99::1, the peer 10.99.0.2 and fd99::2. In the near one:
// tcp_syn_retries is 1, there is no default route, 10.98.1.0/24 (fd98:1::/32) is unreachable, .2
// prohibited, .3 a blackhole; no ARP answer comes for 10.99.0.77 (fd99::77). Of the peer's ports,
// for TCP and (where it has a meaning) UDP:
enum LabPort {
  kPortClosed = 7000,
  kPortDropped = 7001,
  kPortReset = 7002,
  kPortPortUnreachable = 7003,
  kPortHostUnreachable = 7004,
  kPortProhibited = 7005,
  kPortNetUnreachable = 7006,
  kPortDroppedLocally = 7010,  // by the near side's own output
};

class NetLab {
 public:
  NetLab();  // a test failure if something can't be set up

  int near_fd() const { return near_.get(); }
  int peer_fd() const { return peer_.get(); }

 private:
  UniqueFd near_, peer_;
};

// A new net namespace with lo up.
UniqueFd NewNetNamespace();

// Runs a line of shell there; a test failure if it fails.
void RunIn(int netns_fd, const std::string& command);

}  // namespace nsobs
