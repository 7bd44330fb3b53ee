#include "userspace/snapshot/net/nft_rules.h"

#include <array>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "userspace/snapshot/net/nft_text.h"

namespace nsobs {
namespace {

constexpr std::array<std::string_view, 12> kVerdicts = {
    "drop",       "accept",   "reject",   "return", "dnat",   "snat",
    "masquerade", "redirect", "continue", "queue",  "tproxy", "notrack"};

SectionJson Value(const SectionJson& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? SectionJson(nullptr) : *it;
}

std::string Text(const SectionJson& object, const char* key) {
  const SectionJson value = Value(object, key);
  return value.is_string() ? value.get<std::string>() : "";
}

SectionJson Counter(const SectionJson& expressions, const char* key) {
  for (const SectionJson& expression : expressions) {
    const SectionJson counter = Value(expression, "counter");
    if (counter.is_object()) return Value(counter, key);
  }
  return nullptr;
}

using ChainKey = std::tuple<std::string, std::string, std::string>;  // family, table, chain

class Ruleset {
 public:
  void AddChain(const SectionJson& chain) {
    SectionJson out;
    out["family"] = Value(chain, "family");
    out["table"] = Value(chain, "table");
    out["name"] = Value(chain, "name");
    out["hook"] = Value(chain, "hook");
    out["type"] = Value(chain, "type");
    out["policy"] = Value(chain, "policy");
    out["priority"] = Value(chain, "prio");
    chains_[{Text(chain, "family"), Text(chain, "table"), Text(chain, "name")}] = out;
    list_.push_back(std::move(out));
  }

  void AddRule(const SectionJson& rule) {
    const ChainKey key{Text(rule, "family"), Text(rule, "table"), Text(rule, "chain")};
    const SectionJson& chain = chains_[key];
    const SectionJson expressions = Value(rule, "expr");
    SectionJson out;
    for (const char* name : {"family", "table", "chain"}) out[name] = Value(rule, name);
    for (const char* name : {"hook", "priority", "policy"}) out[name] = Value(chain, name);
    out["handle"] = Value(rule, "handle");
    out["position"] = ++positions_[key];
    out["text"] = RuleText(expressions);
    out["verdict"] = VerdictOf(expressions);
    out["packets"] = Counter(expressions, "packets");
    out["bytes"] = Counter(expressions, "bytes");
    if (const SectionJson comment = Value(rule, "comment"); comment.is_string())
      out["comment"] = comment;
    out["expr"] = expressions;
    rules_.push_back(std::move(out));
  }

  SectionJson Take(size_t max_rules, bool* cut) {
    *cut = rules_.size() > max_rules;
    if (*cut) KeepTelling(max_rules);
    SectionJson out;
    out["available"] = true;
    out["rules"] = std::move(rules_);
    out["chains"] = std::move(list_);
    return out;
  }

 private:
  static bool EndsTheWay(const SectionJson& rule) {
    const SectionJson& verdict = rule["verdict"];
    return verdict == "drop" || verdict == "reject" || verdict == "dnat" || verdict == "redirect";
  }

  // Leaves `max` rules, in their order: first those that end a packet's way, then the earliest.
  void KeepTelling(size_t max) {
    std::vector<char> keep(rules_.size(), 0);
    size_t kept = 0;
    for (const bool telling : {true, false})
      for (size_t i = 0; i < rules_.size() && kept < max; ++i) {
        if (keep[i] != 0 || EndsTheWay(rules_[i]) != telling) continue;
        keep[i] = 1;
        ++kept;
      }
    SectionJson left = SectionJson::array();
    for (size_t i = 0; i < rules_.size(); ++i)
      if (keep[i] != 0) left.push_back(std::move(rules_[i]));
    rules_ = std::move(left);
  }

  std::map<ChainKey, SectionJson> chains_;
  std::map<ChainKey, int> positions_;
  SectionJson rules_ = SectionJson::array();
  SectionJson list_ = SectionJson::array();
};

// The name of an iptables target as the verdict that it is.
std::string XtVerdict(const SectionJson& xt) {
  return Text(xt, "type") == "target" ? absl::AsciiStrToLower(Text(xt, "name")) : "";
}

}  // namespace

SectionJson VerdictOf(const SectionJson& expressions) {
  if (!expressions.is_array()) return nullptr;
  for (const SectionJson& expression : expressions) {
    if (!expression.is_object() || expression.empty()) continue;
    const std::string name = expression.begin().key();
    const SectionJson& value = expression.begin().value();
    if (name == "jump" || name == "goto") return name + " " + Text(value, "target");
    if (name == "vmap") return name;
    for (const std::string_view verdict : kVerdicts)
      if (name == verdict || (name == "xt" && XtVerdict(value) == verdict)) return verdict;
  }
  return nullptr;
}

std::string RuleText(const SectionJson& expressions) {
  std::string out;
  if (!expressions.is_array()) return out;
  for (const SectionJson& expression : expressions) {
    if (!out.empty()) out += ' ';
    out += NftExpressionText(expression);
  }
  return out;
}

SectionJson FlattenRuleset(const SectionJson& listing, size_t max_rules, bool* cut) {
  *cut = false;
  const SectionJson objects = Value(listing, "nftables");
  if (!objects.is_array()) return {{"available", false}};
  Ruleset ruleset;
  for (const SectionJson& object : objects)
    if (const SectionJson chain = Value(object, "chain"); chain.is_object())
      ruleset.AddChain(chain);
  for (const SectionJson& object : objects)
    if (const SectionJson rule = Value(object, "rule"); rule.is_object()) ruleset.AddRule(rule);
  return ruleset.Take(max_rules, cut);
}

}  // namespace nsobs
