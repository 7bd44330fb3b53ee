// Takes one program of this process off its hook.
#pragma once

#include <string>

namespace nsobs {

// As somebody with root would do it: the link's last descriptor is gone, and nobody is told. False
// if no link of this process holds a program of that name.
bool Detach(const std::string& program);

}  // namespace nsobs
