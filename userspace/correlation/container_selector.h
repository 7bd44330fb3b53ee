// Whom a word of the configuration means, among what runs now.
#pragma once

#include <string_view>
#include <vector>

#include "userspace/correlation/inventory.h"

namespace nsobs {

struct Selection {
  std::vector<ContainerRef> containers;  // alive; several may bear one name
  bool ambiguous = false;                // the beginning of several ids: none is meant
};

// By id, else by name, else by pod/name, else by the beginning (4 digits or more) of one id of 64
// digits: a shorter or other beginning would one day mean somebody else. Plain namespaces are none.
Selection SelectContainers(std::string_view word, const Inventory& inventory);

// Could the word mean this container, alive or not?
bool MayMean(std::string_view word, const Container& container);

}  // namespace nsobs
