#include "userspace/diagnosis/netfilter.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

// A loop of jumps can't be loaded, but a damaged record may hold one.
constexpr int kDeepestJump = 16;
constexpr int kMostSteps = 20000;

struct Action {
  enum class Kind { kNone, kDrop, kReject, kAccept, kJump, kGoto, kReturn, kUnknown };
  Match match = Match::kYes;
  Kind kind = Kind::kNone;
  std::string target;
};

Action::Kind XtablesTarget(const Node& xt) {
  const std::string name = absl::AsciiStrToLower(xt["name"].text());
  if (name == "reject") return Action::Kind::kReject;
  if (name == "drop") return Action::Kind::kDrop;
  return Action::Kind::kNone;  // marks, translations: the packet goes on
}

void TakeStatement(const Node& statement, const Packet& packet, Action* action) {
  static constexpr std::string_view kWithoutEffect[] = {"counter", "comment", "log", "mangle",
                                                        "notrack"};
  using Kind = Action::Kind;
  const Node::Json json = statement.value();
  if (!json.is_object() || json.empty()) {
    action->match = std::min(action->match, Match::kMaybe);
    return;
  }
  const std::string name = json.begin().key();
  if (name == "match") {
    action->match = std::min(action->match, MatchOf(statement["match"], packet));
  } else if (name == "drop") {
    action->kind = Kind::kDrop;
  } else if (name == "reject") {
    action->kind = Kind::kReject;
  } else if (name == "accept") {
    action->kind = Kind::kAccept;
  } else if (name == "return") {
    action->kind = Kind::kReturn;
  } else if (name == "jump" || name == "goto") {
    action->kind = name == "jump" ? Kind::kJump : Kind::kGoto;
    action->target = statement[name]["target"].text();
  } else if (name == "xt" && statement["xt"]["type"].Is("target")) {
    action->kind = XtablesTarget(statement["xt"]);
  } else if (name == "xt" && statement["xt"]["name"].Is("comment")) {
    return;
  } else if (name == "vmap" || name == "queue") {
    action->kind = Kind::kUnknown;
  } else if (std::find(std::begin(kWithoutEffect), std::end(kWithoutEffect), name) ==
             std::end(kWithoutEffect)) {
    action->match = std::min(action->match, Match::kMaybe);
  }
}

// Without nft's expressions only the verdict is known, not for which packets.
Action FromVerdict(const std::string& verdict) {
  using Kind = Action::Kind;
  if (verdict == "drop") return {Match::kMaybe, Kind::kDrop, ""};
  if (verdict == "reject") return {Match::kMaybe, Kind::kReject, ""};
  if (verdict == "accept") return {Match::kMaybe, Kind::kAccept, ""};
  if (verdict.starts_with("jump ")) return {Match::kMaybe, Kind::kJump, verdict.substr(5)};
  return {Match::kMaybe, Kind::kNone, ""};
}

Action ActionOf(const Node& rule, const Packet& packet) {
  if (rule["expr"].size() == 0) return FromVerdict(rule["verdict"].text());
  Action action;
  for (const Node& statement : rule["expr"].items()) TakeStatement(statement, packet, &action);
  // An old libnftables writes {"xt": null}: the rule's verdict is then all there is.
  if (action.kind == Action::Kind::kNone && rule["verdict"].exists()) {
    const Action by_verdict = FromVerdict(rule["verdict"].text());
    if (by_verdict.kind != Action::Kind::kNone) {
      action.kind = by_verdict.kind;
      action.target = by_verdict.target;
    }
  }
  return action;
}

class Walk {
 public:
  Walk(const Node& netfilter, const Packet& packet)
      : rules_(netfilter["rules"].items()), packet_(packet) {}

  void BaseChain(const Node& chain) {
    // One that an earlier chain may have ended does not surely come here.
    const End end = Chain(chain["family"].text(), chain["table"].text(), chain["name"].text(),
                          drops_.empty(), 0);
    if (end.kind != End::Kind::kThrough || !chain["policy"].Is("drop")) return;
    drops_.push_back({chain, end.sure, true, false, -1});
  }

  bool HasSureDrop() const {
    return std::any_of(drops_.begin(), drops_.end(), [](const Drop& d) { return d.sure; });
  }

  std::optional<Drop> Best() const {
    std::optional<Drop> best;
    for (const Drop& drop : drops_) {
      if (drop.packets == 0) continue;
      // One that counted packets beats one that has no counter among those that may be it.
      if (!best || (!best->sure && (drop.packets > 0 && best->packets < 0))) best = drop;
    }
    return best;
  }

 private:
  struct End {
    enum class Kind { kThrough, kAccepted, kDropped } kind;
    bool sure;  // kThrough: nothing before might have ended it
  };

  End Chain(const std::string& family, const std::string& table, const std::string& name, bool sure,
            int depth) {
    for (const Node& rule : rules_) {
      if (!rule["chain"].Is(name) || !rule["table"].Is(table) || !rule["family"].Is(family))
        continue;
      if (++steps_ > kMostSteps || depth > kDeepestJump) return {End::Kind::kThrough, false};
      const Action action = ActionOf(rule, packet_);
      if (action.match == Match::kNo) continue;
      const bool certainly = action.match == Match::kYes;
      const std::optional<End> end = Take(rule, action, sure && certainly, family, table, depth);
      if (!end) {
        if (!certainly && action.kind != Action::Kind::kNone) sure = false;
        continue;
      }
      if (certainly && end->kind != End::Kind::kThrough) return *end;
      if (action.kind == Action::Kind::kReturn || action.kind == Action::Kind::kGoto) {
        if (certainly) return {End::Kind::kThrough, end->sure};
      }
      sure = sure && certainly && end->sure;
    }
    return {End::Kind::kThrough, sure};
  }

  // Nothing: the packet goes on as if the rule were not there.
  std::optional<End> Take(const Node& rule, const Action& action, bool sure,
                          const std::string& family, const std::string& table, int depth) {
    using Kind = Action::Kind;
    switch (action.kind) {
      case Kind::kDrop:
      case Kind::kReject:
        drops_.push_back(
            {rule, sure, false, action.kind == Kind::kReject, rule["packets"].number_or(-1)});
        return End{End::Kind::kDropped, sure};
      case Kind::kAccept:
        return End{End::Kind::kAccepted, sure};
      case Kind::kJump:
      case Kind::kGoto:
        return Chain(family, table, action.target, sure, depth + 1);
      case Kind::kReturn:
        return End{End::Kind::kThrough, sure};
      case Kind::kUnknown:
        return End{End::Kind::kThrough, false};
      case Kind::kNone:
        break;
    }
    return std::nullopt;
  }

  const std::vector<Node> rules_;
  const Packet& packet_;
  std::vector<Drop> drops_;
  int steps_ = 0;
};

bool Sees(const Node& chain, std::string_view hook, bool v6) {
  const std::string family = chain["family"].text();
  return chain["hook"].Is(hook) && !chain["type"].Is("nat") &&
         (family == "inet" || family == (v6 ? "ip6" : "ip"));
}

}  // namespace

std::string Drop::Text() const {
  const std::string table = absl::StrCat("table ", OneLine(where["family"].text()), " ",
                                         OneLine(where["table"].text()), ", chain ");
  if (by_policy)
    return absl::StrCat("the policy of its base chain (", table, OneLine(where["name"].text()),
                        ")");
  return absl::StrCat("rule ", where["position"].number_or(0), " (", table,
                      OneLine(where["chain"].text()), ")");
}

std::string Drop::ChainForCommand() const {
  return absl::StrCat(ShellWord(where["family"].text()), " ", ShellWord(where["table"].text()), " ",
                      ShellWord(where[by_policy ? "name" : "chain"].text()));
}

std::optional<Drop> FirstDrop(const Node& netfilter, std::string_view hook, const Packet& packet) {
  std::vector<Node> chains;
  for (const Node& chain : netfilter["chains"].items()) {
    if (Sees(chain, hook, packet.v6)) chains.push_back(chain);
  }
  std::stable_sort(chains.begin(), chains.end(), [](const Node& a, const Node& b) {
    return a["priority"].number_or(0) < b["priority"].number_or(0);
  });
  Walk walk(netfilter, packet);
  for (const Node& chain : chains) {
    walk.BaseChain(chain);
    if (walk.HasSureDrop()) break;  // an accept ends one chain, a drop ends all
  }
  return walk.Best();
}

}  // namespace nsobs
