// Who listens where: what several of the network's cases ask.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/diagnosis/netfilter.h"
#include "userspace/diagnosis/record.h"

namespace nsobs {

inline constexpr int64_t kDnsPort = 53;

// The failure of a connect over TCP or UDP to a known destination.
std::optional<Failure> InternetFailure(const Record& record);

bool OnPort(const Listener& listener, std::string_view protocol, int64_t port);
bool Accepts(const Listener& listener, std::string_view protocol, std::string_view destination,
             int64_t port);
// "postgres", "postgres (pid 77)"; "a process" if not known.
std::string ListenerName(const Listener& listener);

struct Found {
  NetView net;
  Listener listener;
};
// Those of the given port in other net namespaces: who would take a packet to `destination` there
// first, the host before containers.
std::optional<Found> ListensElsewhere(const Record& record, std::string_view protocol,
                                      std::string_view destination, int64_t port);

// The namespace, the target's own included, that has the address; of several the one that the
// target is wired to by veth, directly or through a namespace between them. nullopt: none, or can't
// be told.
std::optional<NetView> OwnerOfAddress(const Record& record, std::string_view address,
                                      Node* where = nullptr);

// The most specific route of the main tables to it.
Node RouteTo(const NetView& net, std::string_view destination);

// A port of an address, as a namespace that has the address would answer.
struct PortState {
  bool known = false;                // the list of listeners is whole
  std::optional<Listener> takes;     // somebody takes what is sent to that address
  std::optional<Listener> loopback;  // somebody listens, on loopback only
};
PortState StateOf(const Record& record, const NetView& net, std::string_view protocol,
                  std::string_view address, int64_t port);

// A bind that failed because the same program listens on that port for both families already: many
// bind [::]:P and then 0.0.0.0:P, or the other way, and go on with what they have.
bool HasOtherFamilyItself(const Record& record, const Failure& failure);

// One of the programs with which engines publish ports.
bool IsProxy(const Node& process);

// Links other than loopback.
std::vector<Node> RealLinks(const Node& net);

// Where a rule drops the packets of this failure, in the namespaces that the record knows.
struct DropPlace {
  Drop drop;
  std::string owner;   // whose namespace
  std::string enter;   // what `nsobserver enter` takes for it; "" the host
  bool own = false;    // the target's
  bool reply = false;  // it is the answer that is dropped
};
std::optional<DropPlace> FindDrop(const Record& record, const Failure& failure);

// "docker exec"-like advice differs by engine: how its containers reach the host.
std::string HostGatewayAdvice(const Record& record, int64_t port);

}  // namespace nsobs
