#include "userspace/snapshot/net/xt_targets.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>

#include "userspace/snapshot/net/nft_rules.h"

namespace nsobs {
namespace {

// The range that a NAT target was given, as text; "" if it isn't known how it is laid out.
std::string RangeText(int family, std::string_view bytes, uint32_t revision) {
  const void* address = nullptr;
  uint32_t flags = 0;
  uint16_t port = 0;
  nf_nat_ipv4_multi_range_compat v4{};
  nf_nat_range v6{};  // nf_nat_range2 begins the same
  if (revision == 0 && bytes.size() >= sizeof v4) {
    std::memcpy(&v4, bytes.data(), sizeof v4);
    address = &v4.range[0].min_ip;
    flags = v4.range[0].flags;
    port = v4.range[0].min.all;
  } else if (revision > 0 && bytes.size() >= sizeof v6) {
    std::memcpy(&v6, bytes.data(), sizeof v6);
    address = &v6.min_addr;
    flags = v6.flags;
    port = v6.min_proto.all;
  } else {
    return "";
  }
  std::string out;
  if ((flags & NF_NAT_RANGE_MAP_IPS) != 0) out = AddressText(family, address, 16);
  if (family == AF_INET6 && !out.empty()) out = absl::StrCat("[", out, "]");
  if ((flags & NF_NAT_RANGE_PROTO_SPECIFIED) != 0) absl::StrAppend(&out, ":", ntohs(port));
  return out;
}

std::string TargetOf(int family, const nlattr* expression) {
  const Attributes<NFTA_EXPR_MAX> outer(expression);
  if (outer.Text(NFTA_EXPR_NAME) != "target" || !outer.Has(NFTA_EXPR_DATA)) return "";
  const Attributes<NFTA_TARGET_MAX> target(outer[NFTA_EXPR_DATA]);
  const std::string name = target.Text(NFTA_TARGET_NAME);
  const nlattr* info = target[NFTA_TARGET_INFO];
  if (info == nullptr || (name != "DNAT" && name != "SNAT" && name != "REDIRECT")) return "";
  return RangeText(family,
                   std::string_view(static_cast<const char*>(mnl_attr_get_payload(info)),
                                    mnl_attr_get_payload_len(info)),
                   ntohl(target.Get<uint32_t>(NFTA_TARGET_REV)));
}

std::string_view TableFamily(uint8_t family) {
  return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : "inet";
}

using RuleKey = std::tuple<std::string, std::string, uint64_t>;  // family, table, handle

void Collect(const nlmsghdr* message, std::map<RuleKey, std::string>* out) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nfgenmsg)) return;
  const auto& info = *static_cast<const nfgenmsg*>(mnl_nlmsg_get_payload(message));
  const Attributes<NFTA_RULE_MAX> rule(message, sizeof info);
  if (!rule.Has(NFTA_RULE_EXPRESSIONS)) return;
  const int family = info.nfgen_family == NFPROTO_IPV6 ? AF_INET6 : AF_INET;
  const uint64_t handle = be64toh(rule.Get<uint64_t>(NFTA_RULE_HANDLE));
  const nlattr* list = rule[NFTA_RULE_EXPRESSIONS];
  const auto* at = static_cast<const nlattr*>(mnl_attr_get_payload(list));
  const char* end = reinterpret_cast<const char*>(at) + mnl_attr_get_payload_len(list);
  for (; mnl_attr_ok(at, static_cast<int>(end - reinterpret_cast<const char*>(at)));
       at = mnl_attr_next(at)) {
    std::string target = TargetOf(family, at);
    if (!target.empty())
      (*out)[{std::string(TableFamily(info.nfgen_family)), rule.Text(NFTA_RULE_TABLE), handle}] =
          std::move(target);
  }
}

// The xt expression of a rule that translates addresses; nullptr for other rules.
SectionJson* NatExpression(SectionJson* rule) {
  const SectionJson& verdict = (*rule)["verdict"];
  if (verdict != "dnat" && verdict != "snat" && verdict != "redirect") return nullptr;
  for (SectionJson& expression : (*rule)["expr"])
    if (expression.is_object() && expression.contains("xt") && expression["xt"].is_object() &&
        expression["xt"].value("type", "") == "target")
      return &expression["xt"];
  return nullptr;
}

}  // namespace

void NameXtTargets(const NetContext& context, SectionJson* rules) {
  bool needed = false;
  for (SectionJson& rule : *rules) needed = needed || NatExpression(&rule) != nullptr;
  if (!needed) return;
  std::map<RuleKey, std::string> targets;
  NetlinkRequest request((NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETRULE, NLM_F_DUMP);
  request.Body<nfgenmsg>()->nfgen_family = NFPROTO_UNSPEC;
  const absl::Status status =
      NetlinkTalk(NETLINK_NETFILTER, &request, context.limits(), [&](const nlmsghdr* message) {
        Collect(message, &targets);
        return true;
      });
  context.Note("netfilter: targets", status);
  for (SectionJson& rule : *rules) {
    SectionJson* xt = NatExpression(&rule);
    if (xt == nullptr) continue;
    const auto it = targets.find(
        {rule.value("family", ""), rule.value("table", ""), rule.value("handle", uint64_t{0})});
    if (it == targets.end()) continue;
    (*xt)["to"] = it->second;
    rule["text"] = RuleText(rule["expr"]);
  }
}

}  // namespace nsobs
