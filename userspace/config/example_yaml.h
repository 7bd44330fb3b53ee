// The example file, deploy/nsobserver.yaml, made from the table of options.
#pragma once

#include <string>

namespace nsobs {

// Every option with its default, its help and what is allowed. Loading it gives the defaults.
std::string ExampleYaml();

}  // namespace nsobs
