#include "userspace/snapshot/net/netfilter.h"

#include <nftables/libnftables.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "userspace/base/sanitize.h"
#include "userspace/snapshot/bounded_read.h"
#include "userspace/snapshot/net/nft_rules.h"
#include "userspace/snapshot/net/xt_targets.h"

namespace nsobs {
namespace {

using NftContext = std::unique_ptr<nft_ctx, decltype(&nft_ctx_free)>;

// Protocols stay numbers: names would be asked for at NSS.
constexpr unsigned kOutput = NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE |
                             NFT_CTX_OUTPUT_NUMERIC_PROTO | NFT_CTX_OUTPUT_TERSE;

// Tables of the older xtables interface, which libnftables doesn't see.
void NoteLegacyTables(const NetContext& context) {
  for (const char* family : {"ip", "ip6", "arp"}) {
    const std::string path =
        absl::StrCat(context.target->proc_root, "/self/net/", family, "_tables_names");
    std::string names = ReadProcText(path, 4096).value_or("");
    absl::StripAsciiWhitespace(&names);
    for (char& c : names)
      if (c == '\n') c = ' ';
    if (!names.empty())
      context.notes->Error(context.section, absl::StrCat("netfilter: legacy ", family, "tables (",
                                                         names, ") are there and are not read"));
  }
}

}  // namespace

SectionJson ReadNetfilter(const NetContext& context) {
  const SectionJson none = {{"available", false}};
  NoteLegacyTables(context);
  const NftContext nft(nft_ctx_new(NFT_CTX_DEFAULT), &nft_ctx_free);
  if (nft == nullptr) return none;
  nft_ctx_output_set_flags(nft.get(), kOutput);
  nft_ctx_buffer_output(nft.get());
  nft_ctx_buffer_error(nft.get());
  if (nft_run_cmd_from_buffer(nft.get(), "list ruleset") != 0) {
    const char* error = nft_ctx_get_error_buffer(nft.get());
    context.notes->Error(context.section,
                         absl::StrCat("netfilter: ", error == nullptr ? "failed" : error));
    return none;
  }
  const char* text = nft_ctx_get_output_buffer(nft.get());
  // Comments and names are as an administrator of the namespace chose them.
  const SectionJson listing =
      SectionJson::parse(ToUtf8(text == nullptr ? "" : text), nullptr, /*allow_exceptions=*/false);
  bool cut = false;
  SectionJson out = FlattenRuleset(listing, kMaxPacketRules, &cut);
  if (cut) context.Cut("netfilter/rules");
  if (!out.value("available", false)) {
    context.notes->Error(context.section, "netfilter: libnftables printed no JSON");
    return none;
  }
  NameXtTargets(context, &out["rules"]);
  return out;
}

}  // namespace nsobs
