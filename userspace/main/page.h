// A page of text for people: headings, paragraphs fitted to the screen, tables between them.
#pragma once

#include <string>
#include <string_view>

#include "userspace/main/console.h"
#include "userspace/main/table.h"

namespace nsobs {

class Page {
 public:
  // `console` outlives the page.
  explicit Page(const Console& console) : console_(console) {}

  void Heading(std::string_view title);
  // Raw text; its lines stay lines. On a terminal long ones are wrapped.
  void Text(std::string_view raw, int indent = 2, Style style = Style::kPlain);
  // "  name  value", nothing if the value is empty. Raw text.
  void Fact(std::string_view name, std::string_view raw);
  void Print(Table table);

 private:
  std::string Styled(std::string_view text, Style style) const;

  const Console& console_;
  bool begun_ = false;
};

}  // namespace nsobs
