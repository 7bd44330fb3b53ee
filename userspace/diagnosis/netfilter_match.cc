#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/netfilter.h"

namespace nsobs {
namespace {

// A field of the packet as nft names it: what it is, or that the packet has no such field.
struct Field {
  enum class Kind { kUnknown, kAbsent, kAddress, kNumber, kName } kind = Kind::kUnknown;
  std::string text;
  int64_t number = 0;
};

Field Name(std::string text) {
  return text.empty() ? Field{} : Field{Field::Kind::kName, std::move(text), 0};
}

Field Address(const std::string& text) {
  return text.empty() ? Field{} : Field{Field::Kind::kAddress, text, 0};
}

Field Number(int64_t number) {
  return number <= 0 ? Field{} : Field{Field::Kind::kNumber, "", number};
}

constexpr Field::Kind kAbsent = Field::Kind::kAbsent;

Field PayloadField(const Node& payload, const Packet& packet) {
  const std::string protocol = payload["protocol"].text();
  const std::string field = payload["field"].text();
  if (protocol == "ip" || protocol == "ip6") {
    if ((protocol == "ip6") != packet.v6) return {kAbsent, "", 0};
    if (field == "saddr") return Address(packet.source);
    if (field == "daddr") return Address(packet.destination);
    if (field == "protocol" || field == "nexthdr") return Name(packet.protocol);
    return {};
  }
  if (protocol == "tcp" || protocol == "udp" || protocol == "th") {
    if (protocol != "th" && protocol != packet.protocol) return {kAbsent, "", 0};
    if (field == "dport") return Number(packet.destination_port);
    if (field == "sport") return Number(packet.source_port);
    return {};
  }
  if (protocol.starts_with("icmp") || protocol == "sctp" || protocol == "dccp") {
    return {kAbsent, "", 0};
  }
  return {};
}

Field MetaField(const std::string& key, const Packet& packet) {
  if (key == "l4proto") return Name(packet.protocol);
  if (key == "nfproto") return Name(packet.v6 ? "ipv6" : "ipv4");
  if (key == "protocol") return Name(packet.v6 ? "ip6" : "ip");
  if (key == "oifname" || key == "oif") return Name(packet.out_link);
  if (key == "iifname" || key == "iif") return Name(packet.in_link);
  return {};
}

Field FieldOf(const Node& left, const Packet& packet) {
  if (left["payload"].is_object()) return PayloadField(left["payload"], packet);
  if (left["meta"].is_object()) return MetaField(left["meta"]["key"].text(), packet);
  if (left["ct"].is_object() && left["ct"]["key"].Is("state")) return Name(packet.ct_state);
  return {};
}

std::optional<int64_t> PortNumber(const Node& value) {
  if (value.number()) return value.number();
  int64_t number = 0;
  const std::string text = value.text();
  if (absl::SimpleAtoi(text, &number)) return number;
  return std::nullopt;  // a service's name
}

Match FromBool(bool holds) { return holds ? Match::kYes : Match::kNo; }

Match NameEquals(const std::string& have, const Node& want) {
  if (const std::optional<int64_t> number = want.number()) {
    if (have == "tcp" || have == "udp") return FromBool(*number == (have == "tcp" ? 6 : 17));
    return Match::kMaybe;
  }
  const std::string text = want.text();
  if (text.empty()) return Match::kMaybe;
  if (text.ends_with('*')) return FromBool(have.starts_with(text.substr(0, text.size() - 1)));
  return FromBool(have == text);
}

// -1, 0, 1 like a comparison; nothing if it can't be said.
std::optional<int> Compare(const Field& field, const Node& value) {
  if (field.kind == Field::Kind::kNumber) {
    const std::optional<int64_t> number = PortNumber(value);
    if (!number) return std::nullopt;
    return field.number < *number ? -1 : field.number > *number ? 1 : 0;
  }
  const auto have = IpAddress::Parse(field.text), want = IpAddress::Parse(value.text());
  if (field.kind != Field::Kind::kAddress || !have || !want) return std::nullopt;
  return *have < *want ? -1 : *want < *have ? 1 : 0;
}

Match InRange(const Field& field, const Node& range) {
  const std::vector<Node> ends = range.items();
  if (ends.size() != 2) return Match::kMaybe;
  const std::optional<int> low = Compare(field, ends[0]), high = Compare(field, ends[1]);
  if (!low || !high) return Match::kMaybe;
  return FromBool(*low >= 0 && *high <= 0);
}

Match Equals(const Field& field, const Node& right, int depth);

Match AnyEquals(const Field& field, const Node& list, int depth) {
  Match best = list.size() == 0 ? Match::kMaybe : Match::kNo;
  for (const Node& element : list.items()) best = std::max(best, Equals(field, element, depth + 1));
  return best;
}

Match Equals(const Field& field, const Node& right, int depth) {
  if (depth > 4) return Match::kMaybe;
  if (right.is_array()) return AnyEquals(field, right, depth);
  if (right["set"].exists()) return Equals(field, right["set"], depth + 1);
  if (right["elem"].is_object()) return Equals(field, right["elem"]["val"], depth + 1);
  if (right["range"].is_array()) return InRange(field, right["range"]);
  if (right["prefix"].is_object()) {
    const auto have = IpAddress::Parse(field.text);
    const auto network = IpAddress::Parse(right["prefix"]["addr"].text());
    if (!have || !network) return Match::kMaybe;
    return FromBool(InPrefix(*have, *network, right["prefix"]["len"].number_or(-1)));
  }
  if (right.text().starts_with("@")) return Match::kMaybe;  // a set by name: not in the record
  if (field.kind == Field::Kind::kName) return NameEquals(field.text, right);
  const std::optional<int> order = Compare(field, right);
  return order ? FromBool(*order == 0) : Match::kMaybe;
}

Match Not(Match match) { return match == Match::kMaybe ? match : FromBool(match == Match::kNo); }

Match Ordered(const Field& field, const std::string& op, const Node& right) {
  const std::optional<int> order = Compare(field, right);
  if (!order) return Match::kMaybe;
  if (op == "<") return FromBool(*order < 0);
  if (op == ">") return FromBool(*order > 0);
  if (op == "<=") return FromBool(*order <= 0);
  return op == ">=" ? FromBool(*order >= 0) : Match::kMaybe;
}

}  // namespace

Match MatchOf(const Node& match, const Packet& packet) {
  const Field field = FieldOf(match["left"], packet);
  if (field.kind == Field::Kind::kAbsent)
    return Match::kNo;  // also for !=: nft asks the protocol first
  if (field.kind == Field::Kind::kUnknown) return Match::kMaybe;
  const std::string op = match["op"].text();
  if (op == "==" || op == "in" || op.empty()) return Equals(field, match["right"], 0);
  if (op == "!=") return Not(Equals(field, match["right"], 0));
  return Ordered(field, op, match["right"]);
}

}  // namespace nsobs
