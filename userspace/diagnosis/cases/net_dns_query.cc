// A query that got no answer, or one that says no.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/dns_facts.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

bool SameAddress(const std::string& a, const std::string& b) {
  const std::optional<IpAddress> parsed = IpAddress::Parse(a);
  return parsed && parsed == IpAddress::Parse(b);
}

// The DNS failures of this container with this server, the trigger's and those before it.
std::vector<Node> FailuresOf(const Record& record, const std::string& server) {
  std::vector<Node> out;
  for (const Node& event : record.Events("dns_failure")) {
    if (SameAddress(event["dns_failure"]["server"].text(), server)) out.push_back(event);
  }
  return out;
}

std::string Since(const Record& record, const std::string& server) {
  std::string first;
  for (const Node& event : FailuresOf(record, server)) {
    const std::string time = event["time"].text();  // RFC 3339 in UTC: sorts as text
    if (!time.empty() && (first.empty() || time < first)) first = time;
  }
  return first.empty() ? "" : absl::StrCat(", since ", OneLine(first));
}

// What it means for the program: is there another server that was not seen to fail?
std::string Rest(const Record& record, const Failure& f) {
  const Node servers = record["net"]["resolv_conf"]["nameservers"];
  if (!record.IsWhole(servers) || !NameserverLine(record, f.destination).exists()) return "";
  size_t failing = 0;
  std::string next;
  for (const Node& server : servers.items()) {
    if (!FailuresOf(record, server.text()).empty()) {
      ++failing;
    } else if (next.empty()) {
      next = server.text();
    }
  }
  if (next.empty()) {
    return servers.size() == 1 ? "; it is the only one"
                               : absl::StrCat("; nor does any other of its ", servers.size());
  }
  return absl::StrCat("; ", OneLine(next), " of the same file was not seen to fail");
}

// Who serves DNS in another namespace of this host: a way out, or whom the server should have been.
void AddElsewhere(const Record& record, const Failure& f, Draft* draft) {
  const auto found = ListensElsewhere(record, "udp", f.destination, kDnsPort);
  if (!found) return;
  draft->Because(absl::StrCat("DNS is served in the net namespace of ", found->net.owner, " by ",
                              ListenerName(found->listener), " at ", found->listener.At()),
                 found->listener.node);
}

std::string For(const Failure& f) {
  const std::string name = OneLine(f.node["name"].text());
  return name.empty() ? "" : absl::StrCat(" for ", name);
}

// It is reached and speaks: what is wrong is behind it.
MaybeFinding SaysNo(const Record& record, const Failure& f, const std::string& server) {
  const bool refused = f.outcome == "refused";
  Draft draft =
      BeginDns(record, f.destination, refused ? Confidence::kCertain : Confidence::kLikely);
  draft.Summary(absl::StrCat(
      server, refused ? " answers REFUSED" : " answers SERVFAIL", For(f),
      Since(record, f.destination),
      refused ? ": it is reached, and does not serve this client or this zone"
              : ": it is reached, and could not resolve that: its own upstream fails or is not "
                "reached, or the zone is broken"));
  draft.Because("the answer", f.node);
  draft.Fix(refused ? "let the server serve this network (its access list, its zones), or name "
                      "another one in resolv.conf"
                    : "look into the server: its forwarders, their reachability from where it "
                      "runs, DNSSEC; it is not this container's network");
  draft.Check(
      absl::StrCat("nsobserver enter ", record.Target(), " --net --dns -- getent hosts ",
                   f.node["name"].exists() ? ShellWord(f.node["name"].text()) : "example.org"));
  return draft.Done();
}

Node NeighbourOf(const Record& record, const Failure& f) {
  const Node asked = record["net"]["route_to"];
  const std::string hop = asked["gateway"].exists() ? asked["gateway"].text() : f.destination;
  for (const Node& n : record["net"]["neighbours"].items()) {
    if (SameAddress(n["address"].text(), hop)) return n;
  }
  return Node();
}

MaybeFinding Silent(const Record& record, const Failure& f, const std::string& server) {
  const Node neighbour = NeighbourOf(record, f);
  const bool nobody = neighbour["state"].Is("failed") || neighbour["state"].Is("incomplete");
  Draft draft =
      BeginDns(record, f.destination, nobody ? Confidence::kCertain : Confidence::kLikely);
  const std::string waited =
      f.duration_ns > 0 ? absl::StrCat(" within ", Seconds(f.duration_ns)) : "";
  std::string why;
  if (nobody) {
    why = absl::StrCat(": ", SameAddress(neighbour["address"].text(), f.destination)
                                 ? "nobody on the link has that address"
                                 : "the gateway to it is not there");
  } else if (f.destination == kDockerDns) {
    why =
        ": docker asks the servers of the host's resolv.conf (or of --dns) for it, and they are "
        "silent";
  }
  draft.Summary(absl::StrCat(server, " does not answer over ", f.is_tcp() ? "TCP" : "UDP", waited,
                             For(f), why, Since(record, f.destination), Rest(record, f)));
  draft.Because("the query", f.node);
  draft.Because("its entry in the neighbour table", neighbour);
  AddElsewhere(record, f, &draft);
  return draft.Done();
}

}  // namespace

MaybeFinding NetDnsQuery(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f || f->port != kDnsPort) return std::nullopt;
  const std::string server = absl::StrCat(record.Who(), ": ", NamedServer(record, f->destination));
  if (f->outcome == "servfail" || f->outcome == "refused") return SaysNo(record, *f, server);
  if (f->outcome != "no_answer") return std::nullopt;
  if (IsLoopback(f->destination)) {
    if (auto stub = DnsStub(record, f->destination, f->node)) return stub;
  }
  if (auto filtered = FilteredDns(record, *f, server)) return filtered;
  if (auto deaf = DeafDnsServer(record, *f, server)) return deaf;
  return Silent(record, *f, server);
}

}  // namespace nsobs
