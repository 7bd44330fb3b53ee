// The timeline page as it was built from page/, in one file.
#pragma once

#include <string_view>

namespace nsobs {

// "" in a build without the page.
std::string_view PageHtml();

// Its Content-Security-Policy: nothing but the page's own script and style, by their hashes.
std::string_view PagePolicy();

}  // namespace nsobs
