// Text that may become a label's value. Made by sanitizing only, so that nothing unsanitized can:
// one byte of invalid UTF-8 makes Prometheus reject the whole scrape.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "userspace/base/sanitize.h"

namespace nsobs {

class LabelText {
 public:
  LabelText() = default;
  explicit LabelText(std::string_view raw) : text_(ForLabel(raw)) {}

  const std::string& str() const { return text_; }
  // Both parts are sanitized, so the whole is.
  LabelText& operator+=(const LabelText& more) {
    text_ += more.text_;
    return *this;
  }

  friend auto operator<=>(const LabelText&, const LabelText&) = default;

 private:
  std::string text_;
};

}  // namespace nsobs
