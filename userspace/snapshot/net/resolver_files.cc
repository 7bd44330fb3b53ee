#include "userspace/snapshot/net/resolver_files.h"

#include <vector>

#include "absl/strings/str_split.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr size_t kMaxWords = 64;  // of one list or line
constexpr size_t kMaxWordBytes = 256;
constexpr char kUnreadable[] = "\uFFFD";  // of nothing but a character that was cut off

// The words of a line before a comment.
std::vector<std::string> Words(std::string_view line, std::string_view comment) {
  line = line.substr(0, line.find_first_of(comment));
  std::vector<std::string> words;
  for (const auto word : absl::StrSplit(absl::string_view(line.data(), line.size()),
                                        absl::ByAnyChar(" \t\r\v\f"), absl::SkipEmpty())) {
    if (words.size() >= kMaxWords) break;
    words.push_back(ToUtf8(std::string_view(word.data(), std::min(word.size(), kMaxWordBytes))));
    if (words.back().empty()) words.back() = kUnreadable;  // a word all the same: its place counts
  }
  return words;
}

template <typename F>
void ForEachLine(std::string_view text, F f) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    if (!f(text.substr(0, end)) || end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

SectionJson List(const std::vector<std::string>& words) {
  SectionJson list = SectionJson::array();
  for (size_t i = 1; i < words.size(); ++i) list.push_back(words[i]);
  return list;
}

}  // namespace

SectionJson ParseResolvConf(std::string_view text) {
  SectionJson nameservers = SectionJson::array(), search = SectionJson::array(),
              options = SectionJson::array();
  ForEachLine(text, [&](std::string_view line) {
    const std::vector<std::string> words = Words(line, ";#");
    if (words.size() < 2) return true;
    if (words[0] == "nameserver" && nameservers.size() < kMaxWords) nameservers.push_back(words[1]);
    if (words[0] == "search" || words[0] == "domain") search = List(words);  // the last one counts
    if (words[0] == "options")
      for (size_t i = 1; i < words.size() && options.size() < kMaxWords; ++i)
        options.push_back(words[i]);
    return true;
  });
  SectionJson out;
  out["path"] = "/etc/resolv.conf";
  out["nameservers"] = std::move(nameservers);
  out["search"] = std::move(search);
  out["options"] = std::move(options);
  return out;
}

SectionJson ParseHosts(std::string_view text, size_t max_lines, bool* cut) {
  SectionJson hosts = SectionJson::array();
  *cut = false;
  ForEachLine(text, [&](std::string_view line) {
    const std::vector<std::string> words = Words(line, "#");
    if (words.size() < 2) return true;
    *cut = hosts.size() >= max_lines;
    if (*cut) return false;
    SectionJson host;
    host["address"] = words[0];
    host["names"] = List(words);
    hosts.push_back(std::move(host));
    return true;
  });
  return hosts;
}

}  // namespace nsobs
