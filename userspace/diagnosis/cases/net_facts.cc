#include "userspace/diagnosis/cases/net_facts.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {

std::optional<Failure> InternetFailure(const Record& record) {
  std::optional<Failure> failure = record.failure();
  if (!failure || failure->is_unix() || !IpAddress::Parse(failure->destination)) {
    return std::nullopt;
  }
  if (failure->protocol != "tcp" && failure->protocol != "udp") return std::nullopt;
  return failure;
}

bool OnPort(const Listener& listener, std::string_view protocol, int64_t port) {
  return listener.protocol == protocol && listener.port == port && port > 0;
}

bool Accepts(const Listener& listener, std::string_view protocol, std::string_view destination,
             int64_t port) {
  return OnPort(listener, protocol, port) &&
         Accepts(listener.address, listener.node["v6only"].is_true(), destination);
}

std::string ListenerName(const Listener& listener) {
  const Node process = listener.node["process"];
  return process.exists() ? NamedProcess(process) : "a process";
}

std::optional<Found> ListensElsewhere(const Record& record, std::string_view protocol,
                                      std::string_view destination, int64_t port) {
  std::optional<Found> other_address;
  for (const NetView& net : record.OtherNets()) {
    for (const Listener& listener : net.Listeners()) {
      if (Accepts(listener, protocol, destination, port)) return Found{net, listener};
      if (!other_address && OnPort(listener, protocol, port)) other_address = Found{net, listener};
    }
  }
  return other_address;
}

namespace {

Node AddressIn(const NetView& net, const IpAddress& wanted) {
  for (const Node& a : net.node["addresses"].items()) {
    const std::string text = a["address"].exists() ? a["address"].text() : a.text();
    if (IpAddress::Parse(text.substr(0, text.find('/'))) == wanted) return a;
  }
  return Node();
}

// A veth of `net` ends in the other one.
bool IsWiredTo(const Node& net, const Node& other) {
  const std::optional<int64_t> inode = other["inode"].number();
  for (const Node& link : net["links"].items()) {
    if (inode && link["peer_netns"].number() == inode) return true;
  }
  return false;
}

// Wired to the target, or both to the same net namespace, as containers of one bridge are.
bool IsNear(const Node& net, const Node& target, const std::vector<NetView>& nets) {
  if (IsWiredTo(net, target) || IsWiredTo(target, net)) return true;
  return std::any_of(nets.begin(), nets.end(), [&](const NetView& middle) {
    return IsWiredTo(middle.node, target) && IsWiredTo(middle.node, net);
  });
}

}  // namespace

std::optional<NetView> OwnerOfAddress(const Record& record, std::string_view address, Node* where) {
  const std::optional<IpAddress> wanted = IpAddress::Parse(address);
  if (!wanted) return std::nullopt;
  const auto found = [&](const NetView& net) {
    if (where != nullptr) *where = AddressIn(net, *wanted);
    return net;
  };
  const NetView own = record.own_net();
  if (AddressIn(own, *wanted).exists()) return found(own);
  const std::vector<NetView> nets = record.OtherNets();
  std::vector<NetView> owners;
  for (const NetView& net : nets) {
    if (AddressIn(net, *wanted).exists()) owners.push_back(net);
  }
  // Engines beside each other give out the same addresses; the target reaches the near one.
  if (owners.size() > 1) {
    std::erase_if(owners, [&](const NetView& net) { return !IsNear(net.node, own.node, nets); });
  }
  return owners.size() == 1 ? std::optional(found(owners[0])) : std::nullopt;
}

Node RouteTo(const NetView& net, std::string_view destination) {
  constexpr int64_t kMainTable = 254;
  const std::optional<IpAddress> to = IpAddress::Parse(destination);
  Node best;
  int64_t best_length = -1;
  if (!to) return best;
  for (const Node& route : net.node["routes"].items()) {
    const bool v6 = route["family"].Is("inet6");
    if (v6 != to->v6 || route["table"].number_or(kMainTable) != kMainTable) continue;
    const std::string prefix = route["destination"].text();
    const int64_t length = PrefixLength(prefix);
    if (length <= best_length || !InPrefix(*to, prefix)) continue;
    best = route;
    best_length = length;
  }
  return best;
}

PortState StateOf(const Record& record, const NetView& net, std::string_view protocol,
                  std::string_view address, int64_t port) {
  PortState out;
  out.known = record.IsWhole(net.node["listeners"]);
  for (const Listener& listener : net.Listeners()) {
    if (!OnPort(listener, protocol, port)) continue;
    if (Accepts(listener, protocol, address, port)) out.takes = listener;
    if (IsLoopback(listener.address)) out.loopback = listener;
  }
  return out;
}

bool HasOtherFamilyItself(const Record& record, const Failure& failure) {
  const auto wanted = IpAddress::Parse(failure.destination);
  if (record.rule() != "bind_failure" || failure.error != "EADDRINUSE" || !wanted) return false;
  const Node own = record.process();
  for (const Listener& listener : record.own_net().Listeners()) {
    const auto taken = IpAddress::Parse(listener.address);
    if (!taken || !OnPort(listener, failure.protocol, failure.port)) continue;
    // Two of one family are an error of the program's, and one of them does not listen.
    if (taken->v6 == wanted->v6 || !taken->IsAny() || !wanted->IsAny()) continue;
    const Node holder = listener.node["process"];
    if (holder["pid"].number() && holder["pid"].number() == own["pid"].number()) return true;
  }
  return false;
}

bool IsProxy(const Node& process) {
  static constexpr std::string_view kProxies[] = {"docker-proxy", "rootlessport", "pasta",
                                                  "pasta.avx2",   "slirp4netns",  "conmon"};
  const std::string comm = process["comm"].text();
  return std::find(std::begin(kProxies), std::end(kProxies), comm) != std::end(kProxies);
}

std::vector<Node> RealLinks(const Node& net) {
  std::vector<Node> out;
  for (const Node& link : net["links"].items()) {
    if (!link["name"].Is("lo")) out.push_back(link);
  }
  return out;
}

namespace {

Packet PacketOf(const Record& record, const Failure& failure) {
  Packet packet;
  packet.v6 = IpAddress::Parse(failure.destination)->v6;
  packet.protocol = failure.protocol;
  packet.destination = failure.destination;
  packet.destination_port = failure.port;
  packet.source_port = failure.node["source_port"].number_or(0);
  packet.ct_state = "new";
  const Node route = record["net"]["route_to"];
  packet.source = failure.source.empty() ? route["source"].text() : failure.source;
  const std::optional<NetView> owner = OwnerOfAddress(record, failure.destination);
  const bool to_itself = IsLoopback(failure.destination) ||
                         (owner && owner->node.pointer() == record["net"].pointer());
  packet.out_link = to_itself ? "lo" : route["link"].text();
  return packet;
}

Packet ReplyTo(const Packet& packet) {
  Packet reply = packet;
  std::swap(reply.source, reply.destination);
  std::swap(reply.source_port, reply.destination_port);
  reply.in_link = packet.out_link;
  reply.out_link.clear();
  reply.ct_state = "established";
  return reply;
}

// The same packet where its links are not known.
Packet Elsewhere(Packet packet) {
  packet.in_link.clear();
  packet.out_link.clear();
  return packet;
}

}  // namespace

std::optional<DropPlace> FindDrop(const Record& record, const Failure& failure) {
  const Packet packet = PacketOf(record, failure);
  const auto look = [](const Node& net, std::string_view hook, const Packet& p) {
    return FirstDrop(net["netfilter"], hook, p);
  };
  const Node own = record["net"];
  const auto own_place = [&](const Drop& drop, bool reply) {
    return DropPlace{drop, record.Who(), record.Target(), true, reply};
  };
  if (auto drop = look(own, "output", packet)) return own_place(*drop, false);
  const std::optional<NetView> owner = OwnerOfAddress(record, failure.destination);
  for (const NetView& net : record.OtherNets()) {
    const bool ends_here = owner && owner->node.pointer() == net.node.pointer();
    // What goes from one container to another passes the host, and no third container.
    if (!net.is_host && !ends_here) continue;
    const auto drop = look(net.node, ends_here ? "input" : "forward", Elsewhere(packet));
    const std::string enter = net.is_host ? "" : ShellWord(net.node["owner"].text());
    if (drop) return DropPlace{*drop, net.owner, enter, false, false};
  }
  if (auto drop = look(own, "input", ReplyTo(packet))) return own_place(*drop, true);
  return std::nullopt;
}

std::string HostGatewayAdvice(const Record& record, int64_t port) {
  const std::string runtime = record.runtime();
  if (record.container()["pod"].exists()) return "a Service, or put both into one pod";
  if (runtime.starts_with("podman")) return absl::StrCat("host.containers.internal:", port);
  if (runtime.starts_with("docker")) {
    return absl::StrCat("--add-host=host.docker.internal:host-gateway and host.docker.internal:",
                        port);
  }
  return "the host's address on the container's network";
}

}  // namespace nsobs
