// Makes the immutable picture that other threads see from the indexes of the correlator's thread.
#pragma once

#include <memory>

#include "userspace/correlation/host_view.h"
#include "userspace/correlation/indexes.h"
#include "userspace/correlation/inventory.h"

namespace nsobs {

// The public form of a namespace; owners that aren't public are left out.
NamespaceRecord ToRecord(const NamespaceInfo& info, const OwnerTable& owners);

class InventoryBuilder {
 public:
  static std::shared_ptr<const Inventory> Build(const Indexes& indexes, const HostView& view);

 private:
  static void AddOwners(const Indexes& indexes, Inventory* out);
  static void AddNamespaces(const Indexes& indexes, const HostView& view, Inventory* out);
};

}  // namespace nsobs
