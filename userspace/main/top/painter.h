// From a frame to the bytes that make a terminal show it: only lines that changed are sent. Pure.
#pragma once

#include <string>
#include <vector>

#include "userspace/main/top/frame.h"
#include "userspace/main/top/terminfo.h"

namespace nsobs {

class Painter {
 public:
  // `controls` outlives it.
  explicit Painter(const TerminalControls& controls) : controls_(controls) {}

  // "" if the screen shows the frame already.
  std::string Paint(const Frame& frame);
  // The screen may show anything: the next Paint() begins with an empty one.
  void Forget() { shown_.clear(); }

 private:
  void PaintLine(const FrameLine& line, std::string* out) const;

  const TerminalControls& controls_;
  Frame shown_;
};

}  // namespace nsobs
