// What the cases of DNS share: the server as its resolv.conf names it, and what keeps it from being
// reached.
#pragma once

#include <string>
#include <string_view>

#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/record.h"

namespace nsobs {

// Docker answers there itself, by a rule inside the container's namespace.
inline constexpr char kDockerDns[] = "127.0.0.11";

// The line of the resolv.conf of the process; a Node that doesn't exist if it isn't there.
Node NameserverLine(const Record& record, std::string_view address);
// "nameserver 10.0.0.2 of /etc/resolv.conf", "DNS server 10.0.0.2"
std::string NamedServer(const Record& record, std::string_view address);
// With the server's line, the fix and a command to check.
Draft BeginDns(const Record& record, std::string_view address, Confidence confidence);

// On loopback somebody of this very namespace has to answer.
MaybeFinding DnsStub(const Record& record, std::string_view address, const Node& failure);
// Somebody has the nameserver's address, and its service is on loopback only.
MaybeFinding DeafDnsServer(const Record& record, const Failure& f, const std::string& server);
// A packet filter that the record knows drops the query or its answer.
MaybeFinding FilteredDns(const Record& record, const Failure& f, const std::string& server);

}  // namespace nsobs
