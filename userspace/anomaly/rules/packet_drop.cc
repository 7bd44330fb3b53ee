#include "userspace/anomaly/rules/packet_drop.h"

#include <sys/socket.h>

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

using Hook = PacketDrop::Hook;

constexpr size_t kMaxKnownDrops = 4096;
constexpr uint16_t kFirstEphemeralPort = 32768;  // of ip_local_port_range, as kernels come

// Multicast and the broadcast of a link: whoever sends it (mDNS, DHCP) waits for nobody.
bool IsToMany(const PacketDrop& d) {
  if (d.family == AF_INET6) return d.destination.starts_with("ff");
  int first = 0;
  if (!absl::SimpleAtoi(d.destination.substr(0, d.destination.find('.')), &first)) return false;
  return (first >= 224 && first <= 239) || d.destination == "255.255.255.255";
}

bool IsOwn(const ContainerRef& container, const PacketDrop& d) {
  return d.net.inode != 0 && d.net.inode == container->namespaces[NamespaceKind::kNet].inode;
}

// What it sends itself: the filter takes from the program what it asks for. What comes in: a filter
// that keeps strangers out does its work, and the caller of a TCP connect has its own failure; but
// a datagram to a service is lost and nobody is told.
bool IsTrouble(const ContainerRef& container, const PacketDrop& d) {
  if (!IsOwn(container, d)) return false;
  if (d.hook == Hook::kOutput) return true;
  const bool comes_in = d.hook == Hook::kInput || d.hook == Hook::kPrerouting;
  return comes_in && d.protocol == Protocol::kUdp && d.port < kFirstEphemeralPort &&
         !d.destination.ends_with(".255");  // perhaps the broadcast of its network
}

class PacketDropRule : public Rule {
 public:
  explicit PacketDropRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "packet_drop"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    const auto* drop = std::get_if<PacketDrop>(&event.event.detail);
    if (drop == nullptr || event.container == nullptr || IsToMany(*drop)) return;
    const std::string key = absl::StrCat("packet_drop|", OwnerKey(event.container), "|",
                                         std::string(Name(drop->protocol)), "|", drop->destination,
                                         "|", drop->port, "|", std::string(Name(drop->hook)));
    if (known_.Find(key) != nullptr) return;
    known_.FindOrAdd(key);
    Fire(event, *drop, key, sink);
  }

 private:
  void Fire(const ObservedEvent& event, const PacketDrop& d, const std::string& key,
            const AnomalySink& sink) const {
    const bool trouble = IsTrouble(event.container, d);
    Anomaly a = Begin(name(), trouble ? severity_ : AtMost(severity_, Severity::kInfo), event);
    a.key = key;
    const bool v6 = d.destination.find(':') != std::string::npos;
    const std::string hook(Name(d.hook));
    const std::string protocol(Name(d.protocol));
    a.summary =
        absl::StrCat(OwnerName(event.container), ": the packet filter drops ", protocol, " to ",
                     v6 ? "[" : "", d.destination, v6 ? "]:" : ":", d.port, " (hook ", hook, ")");
    a.facts = {{"protocol", protocol},
               {"hook", hook},
               {"source", ToUtf8(d.source)},
               {"source_port", d.source_port},
               {"destination", ToUtf8(d.destination)},
               {"port", d.port},
               {"interface", ToUtf8(d.interface)},
               {"own_namespace", IsOwn(event.container, d)}};
    sink(std::move(a));
  }

  const Severity severity_;
  LruMap<std::string, bool> known_{kMaxKnownDrops};
};

}  // namespace

std::unique_ptr<Rule> MakePacketDropRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.packet_drop);
  return severity ? std::make_unique<PacketDropRule>(*severity) : nullptr;
}

}  // namespace nsobs
