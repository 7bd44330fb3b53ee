// A name server that does what the name says that it is asked for, and clients as the C libraries
// are.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/bpf/support/child.h"
#include "userspace/base/fd.h"

namespace nsobs {

// The first label of the name says what comes back; what it doesn't know is answered well.
//   silent.*    nothing
//   servfail.*  RCODE 2
//   refused.*   RCODE 5
//   nx.*        RCODE 3
//   late.*      a good answer after 700 ms
//   twice.*     two good answers
class NameServer {
 public:
  // UDP and TCP on port 53 of the addresses, in this net namespace.
  NameServer(int netns_fd, const std::vector<std::string>& addresses);
  ~NameServer();

 private:
  std::unique_ptr<Child> child_;
};

// RFC 1035 4.1: a query with one question and RD.
std::string DnsQuery(uint16_t id, const std::string& name, uint16_t type = 1);

enum class DnsClient {
  kConnected,    // glibc: connect(), send()
  kPair,         // glibc: connect(), sendmmsg() of A and AAAA
  kUnconnected,  // musl: sendto() with the address
  kMessage,      // musl: sendmsg() with the address
  kTcp,
};
const char* ClientName(DnsClient client);

struct DnsAsk {
  DnsClient client = DnsClient::kConnected;
  char server[64] = {};
  char name[256] = {};
  int port = 53;
  int wait_ms = 0;    // for an answer, which is read
  int linger_ms = 0;  // more before the socket is closed
  bool only_connect = false;
  int times = 1;  // as musl does after a while: the same query, the same id
};
DnsAsk MakeAsk(DnsClient client, const char* server, const char* name, int wait_ms);

// How many answers were read; -1 if nothing could be sent.
int Ask(const DnsAsk& ask);

}  // namespace nsobs
