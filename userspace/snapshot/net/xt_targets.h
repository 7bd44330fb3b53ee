// Where iptables rules (nf_tables with xt targets) translate addresses to: nft's JSON has only the
// target's name.
#pragma once

#include "userspace/snapshot/net/net_context.h"

namespace nsobs {

// Adds "to": "172.17.0.2:80" to the xt expression of each DNAT, SNAT and REDIRECT rule and renews
// the rule's text. Asks the kernel only if there is such a rule.
void NameXtTargets(const NetContext& context, SectionJson* rules);

}  // namespace nsobs
