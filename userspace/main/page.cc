#include "userspace/main/page.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "userspace/base/sanitize.h"
#include "userspace/config/word_wrap.h"

namespace nsobs {
namespace {

constexpr int kNameWidth = 14;
constexpr size_t kWidest = 100;  // longer lines are hard to read

}  // namespace

std::string Page::Styled(std::string_view text, Style style) const {
  const std::string_view escape = console_.screen.color ? StyleEscape(style) : "";
  std::string out(escape);
  return out.append(text).append(escape.empty() ? "" : "\x1b[0m");
}

void Page::Heading(std::string_view title) {
  if (begun_) console_.out << "\n";
  begun_ = true;
  console_.out << Styled(title, Style::kBold) << "\n";
}

void Page::Text(std::string_view raw, int indent, Style style) {
  begun_ = true;
  const size_t room = std::min<size_t>(std::max(20, console_.screen.columns - indent), kWidest);
  for (const absl::string_view part :
       absl::StrSplit(absl::string_view(raw.data(), raw.size()), '\n')) {
    const std::string line = ForTerminal(std::string_view(part.data(), part.size()));
    const std::vector<std::string> lines =
        console_.screen.terminal ? WordWrap(line, room) : std::vector<std::string>{line};
    for (const std::string& wrapped : lines) {
      console_.out << std::string(static_cast<size_t>(indent), ' ') << Styled(wrapped, style)
                   << "\n";
    }
  }
}

void Page::Fact(std::string_view name, std::string_view raw) {
  if (raw.empty()) return;
  begun_ = true;
  const size_t gap = name.size() < kNameWidth ? kNameWidth - name.size() : 1;
  console_.out << "  " << Styled(name, Style::kDim) << std::string(gap, ' ') << ForTerminal(raw)
               << "\n";
}

void Page::Print(Table table) {
  begun_ = true;
  if (table.pending_rows() > 0) table.Print(console_.out);
}

}  // namespace nsobs
