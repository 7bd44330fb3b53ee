#include "userspace/correlation/lineage.h"

#include <utility>

#include "userspace/correlation/proc_text.h"

namespace nsobs {
namespace {

// The nearest `count` of a chain; shares what needs no cut.
Lineage Nearest(const Lineage& chain, int count) {
  if (chain == nullptr || count <= 0) return nullptr;
  if (chain->depth <= count) return chain;
  LineageNode copy = *chain;
  copy.parent = Nearest(chain->parent, count - 1);
  copy.depth = copy.parent == nullptr ? 1 : copy.parent->depth + 1;
  return std::make_shared<const LineageNode>(std::move(copy));
}

Lineage SharedNearest(const Lineage& chain, int count, LineageCut* last) {
  if (last == nullptr || chain == nullptr || chain->depth <= count) return Nearest(chain, count);
  if (last->chain != chain || last->count != count) *last = {chain, count, Nearest(chain, count)};
  return last->nearest;
}

Executable NamedBehind(const LineageNode& node, const LineageNode* before) {
  if (!node.executable.known()) return {};
  if (!node.executable.nameless) return node.executable;
  if (before != nullptr && before->named.known()) return before->named;
  return node.parent == nullptr ? Executable{} : node.parent->named;
}

}  // namespace

ProcessId IdOf(const Process& process) { return {process.pid, process.start_boot_ns / kNsPerTick}; }
ProcessId IdOf(const ProcessKey& key) { return {key.pid, key.start_boot_ns / kNsPerTick}; }

Lineage Descend(LineageNode node, Lineage parent, const LineageNode* before,
                const LineageLimits& limits, LineageCut* last_cut) {
  if (node.args && node.args->size() > limits.args) {
    node.args->resize(limits.args);
    node.args_cut = true;
  }
  node.parent = SharedNearest(parent, limits.depth - 1, last_cut);
  node.depth = node.parent == nullptr ? 1 : node.parent->depth + 1;
  node.named = NamedBehind(node, before);
  return std::make_shared<const LineageNode>(std::move(node));
}

}  // namespace nsobs
