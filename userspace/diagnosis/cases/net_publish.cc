#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

struct Translation {
  Node rule;
  std::string address;
  int64_t port = 0;
};

// Where a rule leads whose target nft does not understand: iptables' own ("xt": a name and, as the
// snapshot adds, "10.88.0.5:80"), or "dnat to 10.88.0.5:80" in the text.
std::string TargetText(const Node& rule) {
  for (const Node& statement : rule["expr"].items()) {
    const Node xt = statement["xt"];
    if (xt["name"].Is("DNAT") && xt["to"].exists()) return xt["to"].text();
  }
  const std::string text = rule["text"].text();
  const size_t at = text.find("dnat ");
  if (at == std::string::npos) return "";
  std::string to = text.substr(at + 5);
  for (std::string_view word : {"ip ", "to "}) {
    if (to.starts_with(word)) to.erase(0, word.size());
  }
  return to.substr(0, to.find(' '));
}

std::optional<Translation> FromText(const Node& rule, int64_t host_port) {
  const std::string to = TargetText(rule);
  const size_t colon = to.rfind(':');
  const std::string address = to.substr(0, colon);
  int64_t port = host_port;
  if (colon != std::string::npos && !absl::SimpleAtoi(to.substr(colon + 1), &port)) {
    return std::nullopt;
  }
  return IpAddress::Parse(address) ? std::optional(Translation{rule, address, port}) : std::nullopt;
}

std::optional<Translation> TranslationBy(const Node& rule, const Failure& f) {
  Packet packet;
  packet.v6 = IpAddress::Parse(f.destination)->v6;
  packet.protocol = f.protocol;
  packet.destination = f.destination;
  packet.destination_port = f.port;
  packet.ct_state = "new";
  bool asks_port = false;
  Node dnat;
  for (const Node& statement : rule["expr"].items()) {
    const Node match = statement["match"];
    if (match.is_object() && MatchOf(match, packet) == Match::kNo) return std::nullopt;
    asks_port = asks_port || match["left"]["payload"]["field"].Is("dport");
    if (statement["dnat"].is_object()) dnat = statement["dnat"];
  }
  if (!asks_port) return std::nullopt;
  if (!dnat.exists()) return FromText(rule, f.port);
  return Translation{rule, dnat["addr"].text(), dnat["port"].number_or(f.port)};
}

std::optional<Translation> FindTranslation(const Node& net, const Failure& f) {
  for (const Node& rule : net["netfilter"]["rules"].items()) {
    const auto found = TranslationBy(rule, f);
    if (found && IpAddress::Parse(found->address)) return found;
  }
  return std::nullopt;
}

MaybeFinding Published(const Record& record, const Failure& f, const std::string& address,
                       int64_t port, const Node& rule) {
  Node where;
  const std::optional<NetView> owner = OwnerOfAddress(record, address, &where);
  if (!owner || owner->is_host) return std::nullopt;
  const PortState state = StateOf(record, *owner, f.protocol, address, port);
  if (state.takes || !state.known) return std::nullopt;
  const std::string inside = AddressAndPort(address, port);
  const std::string why = state.loopback
                              ? absl::StrCat("listens on ", state.loopback->At(), " only")
                              : "nothing listens";
  Draft draft(record, "net-publish", Confidence::kCertain);
  draft.Summary(absl::StrCat(
      rule.exists() ? absl::StrCat("published ", f.Destination())
                    : absl::StrCat("the published port behind ", NamedProcess(record.process())),
      " leads to ", inside, " of ", owner->owner, ", where ", state.loopback ? "the service " : "",
      why));
  draft.Because("how the connect ended", f.node);
  draft.Because("the rule that publishes it", rule);
  draft.Because(absl::StrCat("the address belongs to ", owner->owner), where);
  if (state.loopback) {
    draft.Because("its listener on that port", state.loopback->node);
  } else {
    draft.Because("its listeners, none on that port", owner->node["listeners"]);
  }
  draft.Fix(absl::StrCat("let the service in ", owner->owner, " listen on 0.0.0.0:", port,
                         ", or publish the port that it listens on"));
  draft.Check(absl::StrCat("nsobserver enter ", ShellWord(owner->owner), " --net -- ss -ltnup"));
  return draft.Done();
}

// The proxy of the engine listens, but on the host's loopback.
MaybeFinding OnHostLoopback(const Record& record, const Failure& f) {
  Node where;
  const std::optional<NetView> owner = OwnerOfAddress(record, f.destination, &where);
  if (!owner || IsLoopback(f.destination)) return std::nullopt;
  const PortState state = StateOf(record, *owner, f.protocol, f.destination, f.port);
  if (state.takes || !state.loopback || !IsProxy(state.loopback->node["process"])) {
    return std::nullopt;
  }
  return Draft(record, "net-publish", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " is refused by ", f.Destination(), ": port ", f.port,
                            " is published on ", state.loopback->At(), " of ", owner->owner,
                            " only (", ListenerName(*state.loopback), ")"))
      .Because("how the connect ended", f.node)
      .Because(absl::StrCat("the address belongs to ", owner->owner), where)
      .Because("who listens for the published port", state.loopback->node)
      .Fix(absl::StrCat("publish it as -p ", f.port, ":PORT or -p ", OneLine(f.destination), ":",
                        f.port, ":PORT instead of on 127.0.0.1"))
      .Check("ss -ltnp")
      .Done();
}

// Published on the loopback of whoever has the asked address: no rule takes what is sent to that
// address, but one takes the same port of 127.0.0.1.
MaybeFinding OnLoopbackByRule(const Record& record, const Failure& f) {
  Node where;
  const std::optional<NetView> owner = OwnerOfAddress(record, f.destination, &where);
  if (!owner || IsLoopback(f.destination) || IpAddress::Parse(f.destination)->v6) {
    return std::nullopt;
  }
  if (StateOf(record, *owner, f.protocol, f.destination, f.port).takes) return std::nullopt;
  Failure on_loopback = f;
  on_loopback.destination = "127.0.0.1";
  const auto found = FindTranslation(owner->node, on_loopback);
  if (!found || FindTranslation(owner->node, f)) return std::nullopt;
  Node of;
  const std::optional<NetView> service = OwnerOfAddress(record, found->address, &of);
  return Draft(record, "net-publish", Confidence::kCertain)
      .Summary(absl::StrCat(record.Who(), " gets no answer from ", f.Destination(), ": port ",
                            f.port, service ? absl::StrCat(" of ", service->owner) : "",
                            " is published on 127.0.0.1 of ", owner->owner, " only"))
      .Because("how the connect ended", f.node)
      .Because(absl::StrCat("the address belongs to ", owner->owner), where)
      .Because("the rule that publishes the port", found->rule)
      .Because("where it leads", of)
      .Fix(absl::StrCat("publish it as -p ", f.port, ":PORT or -p ", OneLine(f.destination), ":",
                        f.port, ":PORT instead of on 127.0.0.1"))
      .Check("ss -ltnp")
      .Done();
}

// Those whose rules the packet meets: the target's, and the host's or those of the peer that has
// the address.
std::vector<Node> NetsWithRules(const Record& record, const Failure& f) {
  std::vector<Node> out = {record["host_net"], record["net"]};
  const std::optional<NetView> owner = OwnerOfAddress(record, f.destination);
  if (owner && !owner->is_host) out.insert(out.begin(), owner->node);
  return out;
}

}  // namespace

MaybeFinding NetPublish(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f || (f->error != "ECONNREFUSED" && f->error != "ETIMEDOUT")) return std::nullopt;
  // An engine may run in a net namespace of its own.
  const bool of_engine = !record.container().exists() || record.runtime() == "netns";
  if (IsProxy(record.process()) && of_engine) {
    return Published(record, *f, f->destination, f->port, Node());
  }
  if (auto finding = OnHostLoopback(record, *f)) return finding;
  if (auto finding = OnLoopbackByRule(record, *f)) return finding;
  for (const Node& net : NetsWithRules(record, *f)) {
    const auto translation = FindTranslation(net, *f);
    if (!translation) continue;
    return Published(record, *f, translation->address, translation->port, translation->rule);
  }
  return std::nullopt;
}

}  // namespace nsobs
