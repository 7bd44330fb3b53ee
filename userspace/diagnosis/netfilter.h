// What the recorded nft rules of a net namespace would do with a packet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/diagnosis/node.h"

namespace nsobs {

// An empty or zero field is not known: a rule that asks for it matches maybe.
struct Packet {
  bool v6 = false;
  std::string protocol;  // "tcp", "udp"
  std::string source;
  std::string destination;
  int64_t source_port = 0;
  int64_t destination_port = 0;
  std::string in_link;
  std::string out_link;
  std::string ct_state;  // "new", "established"
};

enum class Match { kNo, kMaybe, kYes };

// Does nft's JSON statement {"match": ...} hold? What the packet or the record does not tell (sets
// by name, marks, flags) is kMaybe.
Match MatchOf(const Node& match, const Packet& packet);

// Where a packet ends.
struct Drop {
  Node where;         // the rule, or the base chain whose policy it is
  bool sure = false;  // false: a condition before or in it could not be decided
  bool by_policy = false;
  bool reject = false;
  int64_t packets = -1;  // of the rule's counter; -1: it has none

  // "rule 12 (table inet filter, chain output)"
  std::string Text() const;
  // "inet filter output", what nft's commands take.
  std::string ChainForCommand() const;
};

// The first rule of `hook`'s filter chains, in order of priority, that surely or maybe drops or
// rejects the packet. Counters choose among several that may: one that never counted a packet is
// not it.
std::optional<Drop> FirstDrop(const Node& netfilter, std::string_view hook, const Packet& packet);

}  // namespace nsobs
