// Breaking prose into lines.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace nsobs {

// Lines of at most `columns` bytes, broken at spaces; a longer word has a line of its own. At least
// one line.
std::vector<std::string> WordWrap(std::string_view text, size_t columns);

}  // namespace nsobs
