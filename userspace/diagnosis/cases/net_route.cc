// No way out: no route, or no link to send on.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

std::string Attachment(const Record& record) {
  const std::string name = record.Target();
  if (record.container()["pod"].exists())
    return "recreate the pod and look at the CNI plugin's log";
  if (record.runtime().starts_with("docker")) {
    return absl::StrCat("docker network disconnect and connect ", name, ", or recreate it");
  }
  if (record.runtime().starts_with("podman")) return absl::StrCat("podman network reload ", name);
  return "attach it anew: link, address and default route";
}

std::string EnterCheck(const Record& record, std::string_view command) {
  return absl::StrCat("nsobserver enter ", record.Target(), " --net -- ",
                      absl::string_view(command.data(), command.size()));
}

std::string LinkNames(const std::vector<Node>& links) {
  std::vector<std::string> names;
  for (const Node& link : links) {
    names.push_back(
        absl::StrCat(OneLine(link["name"].text()), link["up"].is_false() ? " (down)" : ""));
  }
  return absl::StrJoin(names, ", ");
}

bool AllDown(const std::vector<Node>& links) {
  for (const Node& link : links) {
    if (!link["up"].is_false()) return false;
  }
  return true;
}

bool HasAddress(const Node& net, std::string_view family) {
  for (const Node& a : net["addresses"].items()) {
    if (a["family"].Is(family) && !a["scope"].Is("host")) return true;
  }
  return false;
}

MaybeFinding Forbidden(const Record& record, const Failure& f, const Node& route) {
  const std::string type = route["type"].text();
  const bool fits = (type == "unreachable" && f.error == "EHOSTUNREACH") ||
                    (type == "prohibit" && f.error == "EACCES") ||
                    (type == "blackhole" && f.error == "EINVAL");
  if (!fits) return std::nullopt;
  return Draft(record, "net-no-route", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " cannot reach ", f.Destination(), " (", f.error,
                            "): a route of type ", type, " to ",
                            OneLine(route["destination"].text()),
                            " in its net namespace forbids it, no packet filter"))
      .Because("how the connect ended", f.node)
      .Because("the route that holds the destination", route)
      .Fix("remove that route, or add a more specific one")
      .Check(EnterCheck(record, absl::StrCat("ip route get ", ShellWord(f.destination))))
      .Done();
}

// The host's end of a veth pair.
Node PeerOf(const Record& record, const Node& link) {
  const std::optional<int64_t> index = link["peer_index"].number();
  if (!index) return Node();
  for (const Node& other : record["host_net"]["links"].items()) {
    if (other["index"].number() == index && other["kind"].Is("veth")) return other;
  }
  return Node();
}

// A veth's end in the host that neither a bridge nor a route of the host leads to, on a host
// where others have one.
bool IsUnplugged(const Record& record, const Node& peer) {
  if (peer["master"].exists() || !peer["name"].exists()) return false;
  bool others_have = false;
  for (const Node& other : record["host_net"]["links"].items()) {
    others_have = others_have || (other["kind"].Is("veth") && other["master"].exists()) ||
                  other["kind"].Is("bridge");
  }
  const Node routes = record["host_net"]["routes"];
  if (!others_have || !record.IsWhole(routes)) return false;
  for (const Node& route : routes.items()) {
    if (route["link"].Is(peer["name"].text())) return false;
  }
  return true;
}

struct LinkTrouble {
  std::string what;
  Node where, also;
  Confidence confidence = Confidence::kCertain;
};

// A link that is there, and does not carry.
std::optional<LinkTrouble> TroubleOf(const Record& record, const Node& link) {
  const std::string name = OneLine(link["name"].text());
  if (link["up"].is_false()) return LinkTrouble{absl::StrCat(name, " is down"), link, {}};
  const Node peer = PeerOf(record, link);
  const std::string peer_name = OneLine(peer["name"].text());
  if (peer["up"].is_false()) {
    return LinkTrouble{absl::StrCat("the host's end of ", name, ", ", peer_name, ", is down"), peer,
                       link};
  }
  if (link["carrier"].is_false() && link["kind"].Is("veth")) {
    return LinkTrouble{absl::StrCat(name, " has no carrier"), link, peer};
  }
  if (IsUnplugged(record, peer)) {
    return LinkTrouble{absl::StrCat("the host's end of ", name, ", ", peer_name,
                                    ", is on no bridge and no route leads to it"),
                       peer, link, Confidence::kLikely};
  }
  return std::nullopt;
}

Draft LinkDraft(const Record& record, const LinkTrouble& trouble) {
  Draft draft(record, "net-link-down", trouble.confidence);
  draft.Because(trouble.what, trouble.where);
  draft.Because("the other end", trouble.also);
  draft.Fix(Attachment(record));
  draft.Check(EnterCheck(record, "ip -d link"));
  return draft;
}

std::optional<LinkTrouble> NoLink(const Record& record, const Failure& f) {
  const Node links = record["net"]["links"];
  if (!record.IsWhole(links) || f.error != "ENETUNREACH") return std::nullopt;
  const std::vector<Node> real = RealLinks(record["net"]);
  if (real.empty()) {
    return LinkTrouble{"its net namespace has no interface but lo", links, {}};
  }
  if (!AllDown(real)) return std::nullopt;
  return LinkTrouble{
      absl::StrCat("no link of its net namespace is up: ", LinkNames(real)), links, {}};
}

std::optional<LinkTrouble> LoopbackDown(const Record& record) {
  for (const Node& link : record["net"]["links"].items()) {
    if (link["name"].Is("lo") && link["up"].is_false()) {
      return LinkTrouble{"lo is down in its net namespace", link, {}};
    }
  }
  return std::nullopt;
}

std::optional<LinkTrouble> UsedLinkTrouble(const Record& record, const Failure& f) {
  const Node route = record["net"]["route_to"]["link"].exists()
                         ? record["net"]["route_to"]
                         : RouteTo(record.own_net(), f.destination);
  for (const Node& link : RealLinks(record["net"])) {
    const bool used = !route["link"].exists() || link["name"].Is(route["link"].text());
    if (!used) continue;
    if (auto trouble = TroubleOf(record, link)) return trouble;
  }
  return std::nullopt;
}

bool IsSilence(const Failure& f) {
  return f.error == "ENETUNREACH" || f.error == "EHOSTUNREACH" || f.error == "ETIMEDOUT" ||
         f.error == "ENETDOWN";
}

}  // namespace

MaybeFinding NetLinkDown(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f || !IsSilence(*f)) return std::nullopt;
  std::optional<LinkTrouble> trouble;
  if (IsLoopback(f->destination)) {
    trouble = LoopbackDown(record);
  } else {
    trouble = NoLink(record, *f);
    if (!trouble) trouble = UsedLinkTrouble(record, *f);
  }
  if (!trouble) return std::nullopt;
  return LinkDraft(record, *trouble)
      .Summary(absl::StrCat(record.Who(), " cannot reach ", f->Destination(), " (", f->error,
                            "): ", trouble->what))
      .Because("how the connect ended", f->node)
      .Done();
}

MaybeFinding NetLinkDownNow(const Record& record) {
  for (const Node& link : RealLinks(record["net"])) {
    const auto trouble = TroubleOf(record, link);
    // Tunnels that nobody asked for stand in every namespace, down.
    const bool tells = link["kind"].Is("veth") || link["master"].exists() || !link["kind"].exists();
    if (!trouble || !tells) continue;
    return LinkDraft(record, *trouble)
        .Summary(absl::StrCat(record.Who(), ": ", trouble->what))
        .Done();
  }
  return std::nullopt;
}

MaybeFinding NetNoRoute(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f) return std::nullopt;
  const Node routes = record["net"]["routes"];
  const Node route = RouteTo(record.own_net(), f->destination);
  if (auto forbidden = Forbidden(record, *f, route)) return forbidden;
  const bool v6 = IpAddress::Parse(f->destination)->v6;
  const bool no_v6 = v6 && f->error == "EADDRNOTAVAIL" && record["net"]["addresses"].is_array() &&
                     !HasAddress(record["net"], "inet6");
  if (f->error != "ENETUNREACH" && !no_v6) return std::nullopt;
  // Without a link the missing route is only what follows from it.
  if (!record.IsWhole(routes) || route.exists() || NetLinkDown(record)) return std::nullopt;
  const Node in_host = RouteTo({record["host_net"], "", true}, f->destination);
  const std::string links = LinkNames(RealLinks(record["net"]));
  const std::string why =
      v6 && !HasAddress(record["net"], "inet6")
          ? "its net namespace has no IPv6 address and no route for it"
          : absl::StrCat("its net namespace has no route there and no default route",
                         links.empty() ? "" : absl::StrCat(" (links: ", links, ")"));
  return Draft(record, "net-no-route", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " cannot reach ", f->Destination(), " (", f->error,
                            "): ", why, in_host.exists() ? ", while the host has one" : ""))
      .Because("how the connect ended", f->node)
      .Because("no route of this namespace holds the destination", routes)
      .Because("the host's route to it", in_host)
      .Fix(absl::StrCat(Attachment(record), v6 ? "; or let the program use IPv4" : ""))
      .Check(EnterCheck(record, absl::StrCat("ip route get ", ShellWord(f->destination))))
      .Done();
}

MaybeFinding NetNoDefaultRoute(const Record& record) {
  const Node routes = record["net"]["routes"];
  if (!record.container().exists() || !record.IsWhole(routes)) return std::nullopt;
  if (AllDown(RealLinks(record["net"])) || !HasAddress(record["net"], "inet")) return std::nullopt;
  for (const Node& route : routes.items()) {
    if (route["destination"].Is("default")) return std::nullopt;
  }
  return Draft(record, "net-no-route", Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " has links (", LinkNames(RealLinks(record["net"])),
                            ") but no default route: it reaches its own subnets only"))
      .Because("none of its routes is a default route", routes)
      .Fix(absl::StrCat("right for an internal network, else ", Attachment(record)))
      .Check(EnterCheck(record, "ip route"))
      .Done();
}

}  // namespace nsobs
