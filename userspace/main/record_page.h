// A snapshot record for people: what it was taken of, then a part for each section. Pure.
#pragma once

#include "userspace/main/console.h"
#include "userspace/main/json_field.h"
#include "userspace/main/page.h"

namespace nsobs {

void PrintRecord(const Json& record, const Console& console);

// The part about the network: what listens where first, for that is what people come for.
void PrintNet(const Json& net, const Console& console, Page* page);
// Of the peers only what was asked for: the packet filter of the one that has the destination.
void PrintPeers(const Json& peers, const Console& console, Page* page);

// The list below `key`, empty unless it is one.
const Json& List(const Json& object, const char* key);

}  // namespace nsobs
