// What the host offers to the observer, apart from hooks.
#pragma once

#include <string>
#include <vector>

namespace nsobs {

struct HostFact {
  std::string name;
  std::string value;
  bool good = true;  // false: something is missing; `advice` says what follows
  std::string advice;
};

std::vector<HostFact> CollectHostFacts();

}  // namespace nsobs
