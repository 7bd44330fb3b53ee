// The nearest of a few known words to one that is not known.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace nsobs {

// The candidate that `word` was most likely meant to be; "" if none is near.
std::string_view Nearest(std::string_view word, std::span<const std::string_view> candidates);

// " did you mean \"x\"?" behind a semicolon, or "" if nothing is near.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace nsobs
