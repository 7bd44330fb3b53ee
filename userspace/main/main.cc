#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "userspace/main/dispatch.h"
#include "userspace/main/exit_code.h"
#include "userspace/main/text_width.h"

int main(int argc, char** argv) {
  nsobs::InitTextWidth();
  try {
    return nsobs::Dispatch(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
  } catch (const std::exception& error) {
    // Ours throws nothing; this is memory running out, or a bug of a library.
    std::cerr << "nsobserver: " << error.what() << std::endl;
    return nsobs::kExitUnsupported;
  }
}
