#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/dns_facts.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

std::optional<Failure> DnsFailure(const Record& record) {
  std::optional<Failure> f = InternetFailure(record);
  if (!f || f->port != kDnsPort) return std::nullopt;
  return f;
}

}  // namespace

Node NameserverLine(const Record& record, std::string_view address) {
  for (const Node& server : record["net"]["resolv_conf"]["nameservers"].items()) {
    if (IpAddress::Parse(server.text()) == IpAddress::Parse(address)) return server;
  }
  return Node();
}

std::string NamedServer(const Record& record, std::string_view address) {
  const Node path = record["net"]["resolv_conf"]["path"];
  const std::string text = OneLine(address);
  if (!NameserverLine(record, address).exists()) return absl::StrCat("DNS server ", text);
  return absl::StrCat("nameserver ", text, " of ",
                      path.exists() ? OneLine(path.text()) : "/etc/resolv.conf");
}

namespace {

std::string Advice(const Record& record) {
  if (record.container()["pod"].exists())
    return "dnsPolicy: ClusterFirst, or the cluster's DNS in dnsConfig";
  if (record.runtime().starts_with("docker") || record.runtime().starts_with("podman")) {
    return absl::StrCat(record.runtime().starts_with("docker") ? "docker" : "podman",
                        " run --dns ADDRESS with a server that this namespace reaches (not the "
                        "host's loopback stub)");
  }
  return "name a server in its resolv.conf that this namespace reaches (not the host's loopback "
         "stub)";
}

}  // namespace

Draft BeginDns(const Record& record, std::string_view address, Confidence confidence) {
  Draft draft(record, "net-dns", confidence);
  draft.Because("the nameserver that the process was given", NameserverLine(record, address));
  draft.Fix(Advice(record));
  draft.Check(absl::StrCat("nsobserver enter ", record.Target(),
                           " --net --dns -- getent hosts example.org"));
  return draft;
}

MaybeFinding DnsStub(const Record& record, std::string_view address, const Node& failure) {
  const Node listeners = record["net"]["listeners"];
  if (!record.IsWhole(listeners) || address == kDockerDns) return std::nullopt;
  for (const Listener& listener : record.own_net().Listeners()) {
    if (Accepts(listener, "udp", address, kDnsPort)) return std::nullopt;
    if (failure["protocol"].Is("tcp") && Accepts(listener, "tcp", address, kDnsPort)) {
      return std::nullopt;
    }
  }
  const auto elsewhere = ListensElsewhere(record, "udp", address, kDnsPort);
  const bool of_host =
      elsewhere && elsewhere->net.is_host && Accepts(elsewhere->listener, "udp", address, kDnsPort);
  Draft draft = BeginDns(record, address, Confidence::kCertain);
  draft.Summary(
      absl::StrCat(record.Who(), ": ", NamedServer(record, address),
                   of_host ? " is the host's stub resolver; nothing answers there inside "
                             "this namespace"
                           : " is loopback, and nothing answers there inside this namespace"));
  draft.Because("the query's end", failure);
  draft.Because("no listener of this namespace takes port 53 of that address", listeners);
  if (of_host) draft.Because("it listens in the host's net namespace", elsewhere->listener.node);
  return draft.Done();
}

MaybeFinding DeafDnsServer(const Record& record, const Failure& f, const std::string& server) {
  const auto owner = OwnerOfAddress(record, f.destination);
  if (!owner) return std::nullopt;
  const PortState state = StateOf(record, *owner, f.protocol, f.destination, kDnsPort);
  if (state.takes || !state.loopback) return std::nullopt;
  return BeginDns(record, f.destination, Confidence::kCertain)
      .Summary(absl::StrCat(server, " is ", owner->owner, ", where DNS is served on ",
                            state.loopback->At(), " only"))
      .Because("the query's end", f.node)
      .Because("who serves DNS there", state.loopback->node)
      .Done();
}

MaybeFinding FilteredDns(const Record& record, const Failure& f, const std::string& server) {
  const auto place = FindDrop(record, f);
  const MaybeFinding drop = NetPolicyDrop(record);
  if (!place || !drop) return std::nullopt;
  return BeginDns(record, f.destination, drop->confidence)
      .Summary(absl::StrCat(server, " is filtered by ", place->drop.Text(), " of ",
                            place->own ? "the container's own namespace" : place->owner))
      .Because("the query's end", f.node)
      .Because("what holds its packets", place->drop.where)
      .Done();
}

namespace {

MaybeFinding Unreached(const Record& record, const Failure& f) {
  const std::string server = absl::StrCat(record.Who(), ": ", NamedServer(record, f.destination));
  const std::string over = f.protocol == "udp" ? "UDP" : "TCP";
  if (f.error == "ENETUNREACH") {
    const bool sure = NetNoRoute(record).has_value() || NetLinkDown(record).has_value();
    return BeginDns(record, f.destination, sure ? Confidence::kCertain : Confidence::kLikely)
        .Summary(absl::StrCat(server, " cannot be reached: no route in this namespace"))
        .Because("the query's end", f.node)
        .Because("the routes of this namespace", record["net"]["routes"])
        .Done();
  }
  if (auto filtered = FilteredDns(record, f, server)) return filtered;
  Draft draft = BeginDns(record, f.destination, Confidence::kLikely);
  draft.Because("the query's end", f.node);
  if (f.error == "ECONNREFUSED") {
    if (auto deaf = DeafDnsServer(record, f, server)) return deaf;
    return draft
        .Summary(absl::StrCat(server, " refuses: nothing answers on ", over, " port 53 there"))
        .Done();
  }
  const std::string waited =
      f.duration_ns > 0 ? absl::StrCat(" within ", Seconds(f.duration_ns)) : "";
  const std::string error = f.error.empty() ? "" : absl::StrCat(" (", OneLine(f.error), ")");
  return draft.Summary(absl::StrCat(server, " does not answer over ", over, waited, error)).Done();
}

}  // namespace

MaybeFinding NetDns(const Record& record) {
  const std::optional<Failure> f = DnsFailure(record);
  if (!f) return std::nullopt;
  if (IsLoopback(f->destination)) {
    if (auto stub = DnsStub(record, f->destination, f->node)) return stub;
    if (f->error == "ECONNREFUSED") return std::nullopt;  // somebody listens there now
  }
  return Unreached(record, *f);
}

MaybeFinding NetDnsNow(const Record& record) {
  if (!record.container().exists() || record.SharesHost("net")) return std::nullopt;
  for (const Node& server : record["net"]["resolv_conf"]["nameservers"].items()) {
    const std::string address = server.text();
    if (!IsLoopback(address)) continue;
    if (auto stub = DnsStub(record, address, Node())) return stub;
  }
  return std::nullopt;
}

}  // namespace nsobs
