#include "userspace/config/word_wrap.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace nsobs {

std::vector<std::string> WordWrap(std::string_view text, size_t columns) {
  std::vector<std::string> lines = {""};
  for (const absl::string_view word :
       absl::StrSplit(absl::string_view(text.data(), text.size()), ' ', absl::SkipEmpty())) {
    std::string& line = lines.back();
    if (line.empty()) {
      absl::StrAppend(&line, word);
    } else if (line.size() + 1 + word.size() <= columns) {
      absl::StrAppend(&line, " ", word);
    } else {
      lines.emplace_back(word);
    }
  }
  return lines;
}

}  // namespace nsobs
