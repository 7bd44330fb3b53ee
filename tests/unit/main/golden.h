// Expected texts, kept as files in tests/golden/.
#pragma once

#include <string>
#include <string_view>

namespace nsobs {

// Expects `text` to be the content of tests/golden/<name>. With NSOBS_UPDATE_GOLDEN set in the
// environment the file is written instead: look at the difference before it is committed.
void ExpectGolden(std::string_view name, const std::string& text);

}  // namespace nsobs
