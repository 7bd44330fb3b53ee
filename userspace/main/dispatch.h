// The program between main() and the subcommands.
#pragma once

#include <string>
#include <vector>

namespace nsobs {

// `words` are argv without the program's name. Returns the exit code.
int Dispatch(const std::vector<std::string>& words);

}  // namespace nsobs
