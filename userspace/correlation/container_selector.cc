#include "userspace/correlation/container_selector.h"

#include <algorithm>
#include <array>
#include <string>

#include "absl/strings/ascii.h"

namespace nsobs {
namespace {

constexpr size_t kFullId = 64;
constexpr size_t kLeastDigits = 4;

using Rule = bool (*)(std::string_view word, const Container& c);

bool IsPlain(const Container& c) { return c.runtime == "netns" || c.runtime == "unshare"; }

bool IsPodName(std::string_view word, const Container& c) {
  if (!c.pod) return false;
  std::string full = *c.pod;
  full += '/';
  full += c.name;
  return word == full;
}

bool Begins(std::string_view word, const Container& c) {
  return word.size() >= kLeastDigits && c.id.size() == kFullId && c.id.starts_with(word) &&
         std::all_of(word.begin(), word.end(),
                     [](char d) { return absl::ascii_isxdigit(static_cast<unsigned char>(d)); });
}

constexpr std::array<Rule, 4> kRules = {
    [](std::string_view word, const Container& c) { return word == c.id; },
    [](std::string_view word, const Container& c) { return word == c.name; },
    IsPodName,
    Begins,
};

}  // namespace

Selection SelectContainers(std::string_view word, const Inventory& inventory) {
  Selection out;
  for (const Rule rule : kRules) {
    for (const ContainerRef& c : inventory.containers()) {
      const bool alive = c->died_boot_ns == 0;
      if (alive && !IsPlain(*c) && rule(word, *c)) out.containers.push_back(c);
    }
    if (out.containers.empty()) continue;
    if (rule == kRules.back() && out.containers.size() > 1) return {{}, /*ambiguous=*/true};
    return out;
  }
  return out;
}

bool MayMean(std::string_view word, const Container& container) {
  return !IsPlain(container) && std::any_of(kRules.begin(), kRules.end(),
                                            [&](const Rule rule) { return rule(word, container); });
}

}  // namespace nsobs
