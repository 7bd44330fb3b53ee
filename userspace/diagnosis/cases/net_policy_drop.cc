#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// What a caller sees of a rule: silence of a drop, an error of a reject.
bool Fits(const Failure& f, bool reject) {
  static constexpr std::string_view kDropped[] = {"ETIMEDOUT", "EPERM", "EAGAIN",
                                                  "ECANCELED", "EINTR", "EINPROGRESS"};
  static constexpr std::string_view kRejected[] = {"EACCES",       "EHOSTUNREACH", "ENETUNREACH",
                                                   "ECONNREFUSED", "EPERM",        "ENOPROTOOPT"};
  if (f.error.empty()) return true;  // a packet_drop: the kernel saw it
  const auto has = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), f.error) != std::end(list);
  };
  return reject ? has(kRejected) : has(kDropped);
}

// The kernel's own word that the packet filter dropped a packet to the same destination.
Node DropEvent(const Record& record, const Failure& f) {
  for (const Node& event : record.Events("packet_drop")) {
    const Node drop = event["packet_drop"];
    const int64_t port = drop[drop["port"].exists() ? "port" : "destination_port"].number_or(0);
    if (port != f.port) continue;
    if (IpAddress::Parse(drop["destination"].text()) == IpAddress::Parse(f.destination))
      return drop;
  }
  return Node();
}

// Nothing: not worth saying.
std::optional<Confidence> Sureness(const DropPlace& place, bool seen) {
  const bool counted = place.drop.packets > 0;
  if (place.drop.sure && ((place.own && !place.reply) || counted || seen)) {
    return Confidence::kCertain;
  }
  if (place.drop.sure || counted || seen) return Confidence::kLikely;
  return std::nullopt;
}

std::string Command(const DropPlace& place, const std::string& command) {
  return place.enter.empty()
             ? command
             : absl::StrCat("nsobserver enter ", place.enter, " --net -- ", command);
}

Finding ByRule(const Record& record, const Failure& f, const DropPlace& place, const Node& seen,
               Confidence confidence) {
  const Drop& drop = place.drop;
  const std::string whose =
      place.own ? "the container's own namespace" : absl::StrCat(place.owner, "'s namespace");
  const std::string what = place.reply  ? absl::StrCat("the answer of ", f.Destination())
                           : f.is_tcp() ? absl::StrCat("SYN to ", f.Destination())
                                        : absl::StrCat("UDP to ", f.Destination());
  Draft draft(record, "net-policy-drop", confidence);
  draft.Summary(absl::StrCat(record.Who(), ": ", what,
                             drop.reject ? " rejected by " : " dropped by ", drop.Text(), " of ",
                             whose));
  draft.Because(absl::StrCat("how it ended: ", f.error.empty() ? "dropped" : f.error), f.node);
  draft.Because(drop.by_policy ? "no rule of that chain accepts it"
                               : absl::StrCat("the rule: ", OneLine(drop.where["text"].text())),
                drop.where);
  draft.Because("the kernel saw the packet filter drop it", seen);
  const std::string handle = absl::StrCat(drop.where["handle"].number_or(0));
  draft.Fix(drop.by_policy ? absl::StrCat("accept ", f.protocol, " port ", f.port, " in ",
                                          drop.ChainForCommand())
                           : Command(place, absl::StrCat("nft delete rule ", drop.ChainForCommand(),
                                                         " handle ", handle)) +
                                 ", and change what made it (network policy, firewall)");
  draft.Check(Command(place, absl::StrCat("nft -a list chain ", drop.ChainForCommand())));
  return draft.Done();
}

// The kernel saw a drop, but which rule did it can't be told.
MaybeFinding BySight(const Record& record, const Failure& f, const Node& seen) {
  if (!seen.exists()) return std::nullopt;
  const std::string hook = OneLine(seen["hook"].text());
  return Draft(record, "net-policy-drop", Confidence::kLikely)
      .Summary(absl::StrCat(record.Who(), ": a packet filter dropped the packets to ",
                            f.Destination(), hook.empty() ? "" : absl::StrCat(" (hook ", hook, ")"),
                            "; which rule is not known"))
      .Because("how it ended", f.node)
      .Because("the kernel saw the packet filter drop it", seen)
      .Fix("find the rule in that namespace and accept this traffic")
      .Check(absl::StrCat("nsobserver enter ", record.Target(), " --net -- nft -a list ruleset"))
      .Done();
}

}  // namespace

MaybeFinding NetPolicyDrop(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f || f->port == 0) return std::nullopt;
  const Node seen = DropEvent(record, *f);
  const std::optional<DropPlace> place = FindDrop(record, *f);
  if (place && Fits(*f, place->drop.reject)) {
    const std::optional<Confidence> confidence = Sureness(*place, seen.exists());
    if (confidence) return ByRule(record, *f, *place, seen, *confidence);
  }
  return Fits(*f, false) || Fits(*f, true) ? BySight(record, *f, seen) : std::nullopt;
}

}  // namespace nsobs
