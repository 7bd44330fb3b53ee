// nft's own JSON (libnftables-json(5)) as the record's `netfilter`. Pure.
#pragma once

#include <string>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// `listing` is what `nft -j list ruleset` prints; at most `max_rules` rules come out, *cut says
// whether there were more. Those that end a packet's way (drop, reject, address translation) are
// the last to be cut. available: false if it isn't nft's JSON.
SectionJson FlattenRuleset(const SectionJson& listing, size_t max_rules, bool* cut);

// "drop", "jump DOCKER", "dnat"; null: the rule only matches or counts.
SectionJson VerdictOf(const SectionJson& expressions);

// "tcp dport 5432 drop": near to what nft prints; an expression that isn't known stands as JSON.
std::string RuleText(const SectionJson& expressions);

}  // namespace nsobs
