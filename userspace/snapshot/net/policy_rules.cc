// Policy routing: linux/fib_rules.h.
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "userspace/base/sanitize.h"
#include "userspace/snapshot/net/net_context.h"

namespace nsobs {
namespace {

// The kernel's own: local, main and default without any condition.
bool IsOfEveryHost(uint32_t priority, uint32_t table, const fib_rule_hdr& info) {
  if (info.src_len != 0 || info.dst_len != 0 || info.action != FR_ACT_TO_TBL) return false;
  return (priority == 0 && table == RT_TABLE_LOCAL) ||
         (priority == 32766 && table == RT_TABLE_MAIN) ||
         (priority == 32767 && table == RT_TABLE_DEFAULT);
}

std::string Prefix(int family, const nlattr* address, uint8_t length) {
  if (length == 0) return "all";
  return absl::StrCat(AddressText(family, address), "/", static_cast<int>(length));
}

void AddPolicyRule(const nlmsghdr* message, SectionJson* rules) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(fib_rule_hdr)) return;
  const auto& info = *static_cast<const fib_rule_hdr*>(mnl_nlmsg_get_payload(message));
  const Attributes<FRA_MAX> found(message, sizeof info);
  const auto priority = found.Get<uint32_t>(FRA_PRIORITY);
  const auto table = found.Get<uint32_t>(FRA_TABLE, info.table);
  if (IsOfEveryHost(priority, table, info)) return;
  SectionJson rule;
  rule["family"] = FamilyName(info.family);
  rule["priority"] = priority;
  rule["from"] = Prefix(info.family, found[FRA_SRC], info.src_len);
  rule["to"] = Prefix(info.family, found[FRA_DST], info.dst_len);
  rule["table"] = table;
  if (found.Has(FRA_FWMARK)) rule["mark"] = found.Get<uint32_t>(FRA_FWMARK);
  if (found.Has(FRA_IIFNAME)) rule["in_link"] = ToUtf8(found.Text(FRA_IIFNAME));
  if (found.Has(FRA_OIFNAME)) rule["out_link"] = ToUtf8(found.Text(FRA_OIFNAME));
  if (info.action != FR_ACT_TO_TBL)
    rule["action"] = info.action == FR_ACT_UNREACHABLE ? "unreachable"
                     : info.action == FR_ACT_PROHIBIT  ? "prohibit"
                     : info.action == FR_ACT_BLACKHOLE ? "blackhole"
                                                       : "other";
  rules->push_back(std::move(rule));
}

}  // namespace

SectionJson ReadPolicyRules(const NetContext& context) {
  SectionJson rules = SectionJson::array();
  for (const uint8_t family : {AF_INET, AF_INET6}) {
    bool cut = false;
    NetlinkRequest request(RTM_GETRULE, NLM_F_DUMP);
    request.Body<fib_rule_hdr>()->family = family;
    const auto keep = [&](const nlmsghdr* message) {
      cut = rules.size() >= kMaxRules;
      if (!cut) AddPolicyRule(message, &rules);
      return !cut;
    };
    context.Note("rules", NetlinkTalk(NETLINK_ROUTE, &request, context.limits(), keep));
    if (cut) context.Cut("rules");
  }
  return rules;
}

}  // namespace nsobs
