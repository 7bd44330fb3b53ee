#include "exporters/prometheus/sample.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "absl/strings/match.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr uint16_t kCoarse = 0xFFFF;
constexpr int kLastSignal = 64;
constexpr int kLastErrno = 4095;

constexpr std::array<std::string_view, 3> kOutcomes = {"established", "failed", "abandoned"};
constexpr std::array<std::string_view, 6> kCauses = {"ring_full",  "budget",        "state_full",
                                                     "queue_full", "storage_error", "other"};

template <typename Enum>
constexpr uint16_t Number(Enum value) {
  return static_cast<uint16_t>(value);
}

// 0 for numbers without a name.
uint16_t ErrnoNumber(int error) {
  if (error <= 0 || error > kLastErrno) return 0;
  return absl::StartsWith(ErrnoName(error), "errno ") ? 0 : static_cast<uint16_t>(error);
}

uint16_t SignalNumber(int signal) {
  return signal < 1 || signal > kLastSignal ? 0 : static_cast<uint16_t>(signal);
}

uint16_t CauseNumber(std::string_view cause) {
  const auto it = std::find(kCauses.begin(), kCauses.end() - 1, cause);
  return static_cast<uint16_t>(it - kCauses.begin());
}

LabelText ErrnoText(uint16_t number) {
  return LabelText(number == 0 ? "other" : ErrnoName(number));
}
LabelText SignalText(uint16_t number) {
  return LabelText(number == 0 ? "other" : SignalName(number));
}
LabelText OutcomeText(uint16_t number) { return LabelText(kOutcomes[number]); }
LabelText CauseText(uint16_t number) { return LabelText(kCauses[number]); }
template <typename Enum>
LabelText EnumText(uint16_t number) {
  return LabelText(Name(static_cast<Enum>(number)));
}

// RFC 1035 4.1.1, RFC 2136 2.2.
LabelText RcodeText(uint16_t rcode) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "noerror",  "formerr", "servfail", "nxdomain", "notimp", "refused",
      "yxdomain", "yxrrset", "nxrrset",  "notauth",  "notzone"};
  return LabelText(rcode < kNames.size() ? kNames[rcode] : "other");
}

// How the two numbers of a key read, by family; nullptr: no such label.
struct KeyText {
  Family family;
  LabelText (*a)(uint16_t) = nullptr;
  LabelText (*b)(uint16_t) = nullptr;
};

constexpr KeyText kKeyTexts[] = {
    {Family::kConnectFailures, EnumText<Protocol>, ErrnoText},
    {Family::kSignals, SignalText, EnumText<Signal::Result>},
    {Family::kOomKills, EnumText<OomKill::Reason>},
    {Family::kNamespaceChanges, EnumText<NamespaceChange::Operation>, EnumText<NamespaceKind>},
    {Family::kTcpConnects, OutcomeText},
    {Family::kPacketDrops, EnumText<Protocol>},
    {Family::kBindFailures, ErrnoText},
    {Family::kFileFailures, EnumText<FileFailure::Operation>, ErrnoText},
    {Family::kDnsFailures, EnumText<Protocol>, EnumText<DnsFailure::Outcome>},
    {Family::kDnsAnswers, EnumText<Protocol>, RcodeText},
    {Family::kContainerEventsLost, EnumText<EventKind>, CauseText},
    {Family::kNamespaceChangeFailures, EnumText<NamespaceChange::Operation>, ErrnoText},
    {Family::kSignalsTaken, SignalText, EnumText<Signal::Handler>},
};

void VisitTcp(const TcpConnectCount& tcp, const SampleVisitor& visit) {
  visit(tcp.owner, {Family::kTcpConnects, 0, 0}, tcp.established);
  visit(tcp.owner, {Family::kTcpConnects, 1, 0}, tcp.failed);
  visit(tcp.owner, {Family::kTcpConnects, 2, 0}, tcp.abandoned);
  visit(tcp.owner, {Family::kTcpConnectAttempts, 0, 0}, tcp.attempts);
  visit(tcp.owner, {Family::kTcpConnectsInFlight, 0, 0}, tcp.in_flight);
}

}  // namespace

SampleKey CoarseKey(Family family) { return {family, kCoarse, kCoarse}; }

std::vector<LabelText> ValuesOf(const SampleKey& key) {
  const auto text = std::find_if(std::begin(kKeyTexts), std::end(kKeyTexts),
                                 [&](const KeyText& t) { return t.family == key.family; });
  if (text == std::end(kKeyTexts)) return {};
  const bool coarse = key.a == kCoarse;
  std::vector<LabelText> values;
  if (text->a != nullptr) values.push_back(coarse ? LabelText("(other)") : text->a(key.a));
  if (text->b != nullptr) values.push_back(coarse ? LabelText("(other)") : text->b(key.b));
  return values;
}

void ForEachSample(const MetricsSnapshot& snapshot, const SampleVisitor& visit) {
  for (const auto& c : snapshot.connect_failures) {
    visit(c.owner, {Family::kConnectFailures, Number(c.protocol), ErrnoNumber(c.error)}, c.value);
  }
  for (const auto& c : snapshot.signals) {
    visit(c.owner, {Family::kSignals, SignalNumber(c.signal), Number(c.result)}, c.value);
  }
  for (const auto& c : snapshot.signals_taken) {
    visit(c.owner, {Family::kSignalsTaken, SignalNumber(c.signal), Number(c.handler)}, c.value);
  }
  for (const auto& c : snapshot.oom_kills) {
    visit(c.owner, {Family::kOomKills, Number(c.reason), 0}, c.value);
  }
  for (const auto& c : snapshot.namespace_changes) {
    visit(c.owner, {Family::kNamespaceChanges, Number(c.operation), Number(c.kind)}, c.value);
  }
  for (const auto& c : snapshot.namespace_failures) {
    visit(c.owner, {Family::kNamespaceChangeFailures, Number(c.operation), ErrnoNumber(c.error)},
          c.value);
  }
  for (const auto& c : snapshot.packet_drops) {
    visit(c.owner, {Family::kPacketDrops, Number(c.protocol), 0}, c.value);
  }
  for (const auto& c : snapshot.bind_failures) {
    visit(c.owner, {Family::kBindFailures, ErrnoNumber(c.error), 0}, c.value);
  }
  for (const auto& c : snapshot.file_failures) {
    visit(c.owner, {Family::kFileFailures, Number(c.operation), ErrnoNumber(c.error)}, c.value);
  }
  for (const auto& c : snapshot.dns_failures) {
    visit(c.owner, {Family::kDnsFailures, Number(c.protocol), Number(c.outcome)}, c.value);
  }
  for (const auto& c : snapshot.dns_answers) {
    visit(c.owner, {Family::kDnsAnswers, Number(c.protocol), std::min<uint16_t>(c.rcode, 11)},
          c.value);
  }
  for (const auto& c : snapshot.tcp_connects) VisitTcp(c, visit);
  for (const auto& c : snapshot.losses) {
    visit(c.owner, {Family::kContainerEventsLost, Number(c.kind), CauseNumber(c.cause)}, c.value);
  }
}

std::span<const SampleKey> InitialKeys() {
  using Op = NamespaceChange::Operation;
  static constexpr std::array kKeys = {
      // The dependency is down, or behind a firewall that drops.
      SampleKey{Family::kConnectFailures, Number(Protocol::kTcp), ECONNREFUSED},
      SampleKey{Family::kConnectFailures, Number(Protocol::kTcp), ETIMEDOUT},
      // "docker stop takes ten seconds": the first is the cause, the second the end.
      SampleKey{Family::kSignals, SIGTERM, Number(Signal::Result::kIgnored)},
      SampleKey{Family::kSignals, SIGKILL, Number(Signal::Result::kDelivered)},
      // A single kill is worth an alert, so all three reasons.
      SampleKey{Family::kOomKills, Number(OomKill::Reason::kCgroup), 0},
      SampleKey{Family::kOomKills, Number(OomKill::Reason::kAncestor), 0},
      SampleKey{Family::kOomKills, Number(OomKill::Reason::kHost), 0},
      // Someone enters a network or a filesystem; a new user namespace opens the way to the rest.
      SampleKey{Family::kNamespaceChanges, Number(Op::kSetns), Number(NamespaceKind::kMnt)},
      SampleKey{Family::kNamespaceChanges, Number(Op::kSetns), Number(NamespaceKind::kNet)},
      SampleKey{Family::kNamespaceChanges, Number(Op::kUnshare), Number(NamespaceKind::kUser)},
      // A filter that drops, and a port that is taken: the first one already has to be an increase.
      SampleKey{Family::kPacketDrops, Number(Protocol::kTcp), 0},
      SampleKey{Family::kPacketDrops, Number(Protocol::kUdp), 0},
      SampleKey{Family::kBindFailures, EADDRINUSE, 0},
      // attempts = outcomes + in flight has to hold from the first scrape.
      SampleKey{Family::kTcpConnects, 0, 0},
      SampleKey{Family::kTcpConnects, 1, 0},
      SampleKey{Family::kTcpConnects, 2, 0},
      SampleKey{Family::kTcpConnectAttempts, 0, 0},
      SampleKey{Family::kTcpConnectsInFlight, 0, 0},
      // The one cause that a container can bring about alone, for the two kinds it exists for.
      SampleKey{Family::kContainerEventsLost, Number(EventKind::kConnectFailure), 1},
      SampleKey{Family::kContainerEventsLost, Number(EventKind::kSignal), 1},
  };
  return kKeys;
}

}  // namespace nsobs
