// Any bytes as a container's resolv.conf and hosts: bounded lists of valid UTF-8.
#include "userspace/snapshot/net/resolver_files.h"

#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace {

using nsobs::SectionJson;

constexpr size_t kMaxWords = 64;
constexpr size_t kMaxHosts = 8;

void Require(bool condition) {
  if (!condition) abort();
}

void RequireWords(const SectionJson& list) {
  Require(list.is_array() && list.size() <= kMaxWords);
  for (const SectionJson& word : list) Require(word.is_string() && word != "");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const SectionJson conf = nsobs::ParseResolvConf(text);
  for (const char* list : {"nameservers", "search", "options"}) RequireWords(conf[list]);
  conf.dump();  // strict: throws at what is not UTF-8
  bool cut = false;
  const SectionJson hosts = nsobs::ParseHosts(text, kMaxHosts, &cut);
  Require(hosts.is_array() && hosts.size() <= kMaxHosts && (!cut || hosts.size() == kMaxHosts));
  for (const SectionJson& host : hosts) RequireWords(host["names"]);
  hosts.dump();
  return 0;
}
