// An expression of nft's JSON as nft's own language writes it. Pure.
#pragma once

#include <string>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}}, "right": 80}}
// is "tcp dport 80". What isn't known stands as compact JSON; nesting beyond eight levels as "...".
std::string NftExpressionText(const SectionJson& expression);

}  // namespace nsobs
