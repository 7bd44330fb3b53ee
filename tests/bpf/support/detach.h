// Takes one program of this process off its hook.
#pragma once

#include <cstdint>
#include <string>

namespace nsobs {

// As somebody with root would do it: the link's last descriptor is gone, and nobody is told. False
// if no link of this process holds a program of that name.
bool Detach(const std::string& program);

// The same by the kernel's number of the program: names are cut, so that some are not unique.
bool Detach(uint32_t program_id);

}  // namespace nsobs
