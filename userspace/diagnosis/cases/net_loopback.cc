#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/cases/net_facts.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

constexpr char kCase[] = "net-loopback";

Draft BeginLoopback(const Record& record, const Failure& f, Confidence confidence) {
  Draft draft(record, kCase, confidence);
  draft.Because(absl::StrCat("refused: ", f.Destination()), f.node);
  draft.Because(absl::StrCat("none of the listeners of this net namespace takes ", f.protocol, " ",
                             f.Destination()),
                record["net"]["listeners"]);
  return draft;
}

std::string Symptom(const Record& record, const Failure& f) {
  return absl::StrCat(record.Who(), " cannot reach ", f.Destination(), ": nothing listens there");
}

Finding OtherAddress(const Record& record, const Failure& f, const Listener& listener) {
  return BeginLoopback(record, f, Confidence::kCertain)
      .Summary(absl::StrCat(Symptom(record, f), "; ", ListenerName(listener),
                            " of the same net namespace listens on that port, but on ",
                            listener.At(), " only"))
      .Because("the listener of that port", listener.node)
      .Fix(absl::StrCat("connect to ", listener.At(), ", or let it listen on ",
                        OneLine(f.destination), " too (\"localhost\" may mean ::1 first)"))
      .Check(absl::StrCat("nsobserver enter ", record.Target(), " --net -- ss -ltnup"))
      .Done();
}

Finding Elsewhere(const Record& record, const Failure& f, const Found& found) {
  const Listener& listener = found.listener;
  std::string fix = found.net.is_host
                        ? absl::StrCat("use ", HostGatewayAdvice(record, f.port))
                        : absl::StrCat("use the address or the service name of ", found.net.owner,
                                       " on a shared network, or let both share a net namespace");
  if (IsLoopback(listener.address)) {
    absl::StrAppend(&fix, ", and let ", ListenerName(listener), " listen beyond ", listener.At());
  }
  return BeginLoopback(record, f, Confidence::kCertain)
      .Summary(absl::StrCat(Symptom(record, f), " in its net namespace; ", ListenerName(listener),
                            " listens on that port in ", found.net.owner, "'s"))
      .Because(absl::StrCat("it listens in the net namespace of ", found.net.owner), listener.node)
      .Fix(std::move(fix))
      .Check(absl::StrCat("nsobserver enter ", record.Target(), " --net -- ss -ltnup"))
      .Done();
}

}  // namespace

MaybeFinding NetLoopback(const Record& record) {
  const std::optional<Failure> f = InternetFailure(record);
  if (!f || f->error != "ECONNREFUSED" || f->port == 0 || f->port == kDnsPort) return std::nullopt;
  if (!IsLoopback(f->destination) || !record.IsWhole(record["net"]["listeners"])) {
    return std::nullopt;
  }
  std::optional<Listener> other_address;
  for (const Listener& listener : record.own_net().Listeners()) {
    // It began to listen after the failure: another trouble than this one.
    if (Accepts(listener, f->protocol, f->destination, f->port)) return std::nullopt;
    if (OnPort(listener, f->protocol, f->port)) other_address = listener;
  }
  if (other_address) return OtherAddress(record, *f, *other_address);
  const auto found = ListensElsewhere(record, f->protocol, f->destination, f->port);
  if (found) return Elsewhere(record, *f, *found);
  Draft draft = BeginLoopback(record, *f, Confidence::kLikely);
  draft.Summary(absl::StrCat(Symptom(record, *f), ": no process has ", f->protocol, " port ",
                             f->port, " open in this net namespace"));
  draft.Fix(
      "start the service, or use the address of the container that runs it: loopback means "
      "this net namespace only");
  draft.Check(absl::StrCat("nsobserver enter ", record.Target(), " --net -- ss -ltnup"));
  return draft.Done();
}

}  // namespace nsobs
