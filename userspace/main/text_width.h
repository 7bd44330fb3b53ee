// How wide text is on a terminal. The text has been through ForTerminal(). Needs a UTF-8 LC_CTYPE
// (InitTextWidth); without it everything beyond ASCII counts as one column.
#pragma once

#include <string>
#include <string_view>

namespace nsobs {

// Sets the process's LC_CTYPE to C.UTF-8, which the C library has built in. From main() only.
void InitTextWidth();

int TextWidth(std::string_view text);

// At most `columns` wide; what was cut off shows as "…" at the end.
std::string FitText(std::string_view text, int columns);

}  // namespace nsobs
