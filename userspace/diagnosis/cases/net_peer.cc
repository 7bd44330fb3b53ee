// The other end: silent, or deaf beyond its loopback.
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

std::string NextHop(const Record& record, const Failure& f) {
  const Node asked = record["net"]["route_to"];
  if (asked["gateway"].exists()) return asked["gateway"].text();
  if (asked["reachable"].is_true()) return f.destination;
  const Node route = RouteTo(record.own_net(), f.destination);
  return route["gateway"].exists() ? route["gateway"].text() : f.destination;
}

Node NeighbourOf(const Record& record, const std::string& address) {
  const std::optional<IpAddress> wanted = IpAddress::Parse(address);
  for (const Node& n : record["net"]["neighbours"].items()) {
    if (wanted && IpAddress::Parse(n["address"].text()) == wanted) return n;
  }
  return Node();
}

Draft Silent(const Record& record, const Failure& f, Confidence confidence) {
  Draft draft(record, "net-peer-silent", confidence);
  draft.Because("how the connect ended", f.node);
  draft.Fix("start the peer, or put right the subnet, the overlay's peer or the address in use");
  draft.Check(absl::StrCat("nsobserver enter ", record.Target(), " --net -- ip neigh show"));
  return draft;
}

}  // namespace

MaybeFinding NetPeerSilent(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f || IsLoopback(f->destination)) return std::nullopt;
  if (f->error != "EHOSTUNREACH" && f->error != "ETIMEDOUT") return std::nullopt;
  if (NetLinkDown(record) || RouteTo(record.own_net(), f->destination)["type"].Is("unreachable")) {
    return std::nullopt;
  }
  const std::string hop = NextHop(record, *f);
  const Node neighbour = NeighbourOf(record, hop);
  const std::string question = IpAddress::Parse(f->destination)->v6 ? "neighbour discovery" : "ARP";
  if (neighbour["state"].Is("failed") || neighbour["state"].Is("incomplete")) {
    const bool gateway = hop != f->destination;
    return Silent(record, *f, Confidence::kCertain)
        .Summary(absl::StrCat(record.Who(), " cannot reach ", f->Destination(), " (", f->error,
                              "): ", gateway ? "the gateway " : "", OneLine(hop),
                              " does not answer ", question, " on ",
                              OneLine(neighbour["link"].text())))
        .Because(absl::StrCat("its entry in the neighbour table is ", neighbour["state"].text()),
                 neighbour)
        .Done();
  }
  if (f->error != "EHOSTUNREACH" || !neighbour.exists() || NetPolicyDrop(record)) {
    return std::nullopt;
  }
  // The next hop lives, so the error came by ICMP from further away.
  return Silent(record, *f, Confidence::kLikely)
      .Summary(absl::StrCat(
          record.Who(), " cannot reach ", f->Destination(), " (EHOSTUNREACH): ", OneLine(hop),
          " answers, so a router behind it said by ICMP that the host is not there"))
      .Because("the next hop's entry in the neighbour table", neighbour)
      .Done();
}

MaybeFinding NetLocalOnly(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f || f->error != "ECONNREFUSED" || IsLoopback(f->destination)) return std::nullopt;
  Node where;
  const std::optional<NetView> owner = OwnerOfAddress(record, f->destination, &where);
  if (!owner || IsProxy(record.process()) || f->port == kDnsPort) return std::nullopt;
  const PortState state = StateOf(record, *owner, f->protocol, f->destination, f->port);
  if (state.takes || !state.loopback || IsProxy(state.loopback->node["process"])) {
    return std::nullopt;
  }
  if (NetPublish(record)) return std::nullopt;  // the listener is the engine's, by another name
  return Draft(record, "net-local-only", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " is refused by ", f->Destination(), ": ", owner->owner,
                            " has that address, but its service listens on ", state.loopback->At(),
                            " only"))
      .Because("how the connect ended", f->node)
      .Because(absl::StrCat("the address belongs to ", owner->owner), where)
      .Because("its listener on that port", state.loopback->node)
      .Fix(absl::StrCat("let the service in ", owner->owner, " listen on 0.0.0.0 (or on ",
                        OneLine(f->destination), ")"))
      .Check(owner->is_host ? std::string("ss -ltnup")
                            : absl::StrCat("nsobserver enter ", ShellWord(owner->owner),
                                           " --net -- ss -ltnup"))
      .Done();
}

}  // namespace nsobs
