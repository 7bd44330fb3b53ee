// Ports of this side: taken already, or used up.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// Two sockets clash if one of them has all addresses or both have the same.
bool Clash(const Listener& listener, const Failure& f) {
  const auto wanted = IpAddress::Parse(f.destination);
  const auto taken = IpAddress::Parse(listener.address);
  if (!OnPort(listener, f.protocol.empty() ? listener.protocol : f.protocol, f.port)) return false;
  return !wanted || !taken || wanted->IsAny() || taken->IsAny() || *wanted == *taken;
}

// Which container the listener is of, as far as the record tells.
std::string OwnerOf(const Record& record, const Listener& listener) {
  const Node process = listener.node["process"];
  if (process["container"].exists())
    return absl::StrCat(" of ", NamedContainer(process["container"]));
  for (const Node& container : record["world"]["containers"].items()) {
    const std::optional<int64_t> init = container["init_pid"].number();
    if (init && *init > 0 && init == process["pid"].number()) {
      return absl::StrCat(" of ", NamedContainer(container));
    }
  }
  return "";
}

}  // namespace

MaybeFinding NetPortClash(const Record& record) {
  const std::optional<Failure> f = record.failure();
  if (!f || f->error != "EADDRINUSE" || f->is_unix() || f->port == 0) return std::nullopt;
  if (HasOtherFamilyItself(record, *f)) return std::nullopt;
  const bool shared = record.container().exists() && record.SharesHost("net");
  for (const Listener& listener : record.own_net().Listeners()) {
    if (!Clash(listener, *f)) continue;
    const std::string owner = OwnerOf(record, listener);
    return Draft(record, "net-port-clash", Confidence::kCertain)
        .Summary(absl::StrCat(record.Who(), " cannot bind ", f->protocol, " port ", f->port, ": ",
                              ListenerName(listener), owner, " has ", listener.At(),
                              shared
                                  ? " of the host's port space, which it shares (host networking)"
                                  : " in the same net namespace"))
        .Because("how the bind ended", f->node)
        .Because("who has the port", listener.node)
        .Because("the net namespace of the target", record["target"]["namespaces"]["net"])
        .Fix(shared ? "a net namespace of its own (no host networking) with a published port, or "
                      "another port"
                    : "another port, or end the process that has it")
        .Check(absl::StrCat("nsobserver enter ", record.Target(), " --net -- ss -ltnup"))
        .Done();
  }
  return std::nullopt;
}

MaybeFinding NetEphemeral(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  // Besides EADDRNOTAVAIL, an UDP socket without a port gets EAGAIN.
  if (!f || (f->error != "EADDRNOTAVAIL" && f->error != "EAGAIN")) return std::nullopt;
  const Node range = record["net"]["sysctls"]["ip_local_port_range"];
  const std::vector<Node> ends = range.items();
  if (ends.size() != 2) return std::nullopt;
  const int64_t low = ends[0].number_or(0), high = ends[1].number_or(0);
  if (low < 1 || high > 65535 || high < low) return std::nullopt;
  const Node states = record["net"]["tcp_states"];
  const auto bounded = [](const Node& n) {
    return std::clamp<int64_t>(n.number_or(0), 0, 1 << 30);
  };
  const int64_t waiting =
      std::max(bounded(states["time_wait"]), bounded(record["net"]["sockets"]["tcp_time_wait"]));
  const int64_t used = waiting + bounded(states["established"]);
  const int64_t size = high - low + 1;
  if (used * 2 < size) return std::nullopt;
  const bool certain = used * 10 >= size * 9;
  return Draft(record, "net-ephemeral", certain ? Confidence::kCertain : Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), " has no local port left for ", f->Destination(), ": ",
                            waiting, " in TIME_WAIT and ", used - waiting, " established ",
                            certain ? "use up" : "take most of", " the ", size, " ports ", low, "-",
                            high, " of its net namespace"))
      .Because("how the connect ended", f->node)
      .Because("the range of local ports", range)
      .Because("the sockets by state", states)
      .Fix(
          "keep connections and reuse them; widen net.ipv4.ip_local_port_range of the container "
          "(--sysctl)")
      .Check(absl::StrCat("nsobserver enter ", record.Target(), " --net -- ss -s"))
      .Done();
}

}  // namespace nsobs
