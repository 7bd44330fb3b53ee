// Any bytes as an answer of RTM_GETROUTE, and as nft's JSON: rows with what was said, within
// bounds.
#include <linux/rtnetlink.h>
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "userspace/snapshot/net/nft_rules.h"
#include "userspace/snapshot/net/route_row.h"

namespace {

constexpr size_t kMaxRules = 8;
constexpr size_t kMaxMessageBytes = 8192;

void Require(bool condition) {
  if (!condition) abort();
}

void ReadAsRoute(const uint8_t* data, size_t size) {
  if (size > kMaxMessageBytes) return;
  std::vector<uint64_t> aligned((sizeof(nlmsghdr) + size) / sizeof(uint64_t) + 1);
  auto* header = reinterpret_cast<nlmsghdr*>(aligned.data());
  header->nlmsg_len = static_cast<uint32_t>(sizeof *header + size);  // as the kernel says it
  header->nlmsg_type = RTM_NEWROUTE;
  if (size > 0) std::memcpy(header + 1, data, size);
  nsobs::NetContext context;
  context.link_names = {{1, "lo"}, {2, "eth0"}};
  for (const nsobs::RouteRow& row : nsobs::RouteRows(context, header)) {
    Require(row.json.is_object() && !row.json.dump().empty());
  }
}

void ReadAsRules(std::string_view text) {
  const auto listing = nsobs::SectionJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (listing.is_discarded()) return;
  bool cut = false;
  const nsobs::SectionJson netfilter = nsobs::FlattenRuleset(listing, kMaxRules, &cut);
  Require(netfilter.is_object() && netfilter.contains("available"));
  nsobs::RuleText(listing);
  nsobs::VerdictOf(listing);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ReadAsRoute(data, size);
  ReadAsRules({reinterpret_cast<const char*>(data), size});
  return 0;
}
