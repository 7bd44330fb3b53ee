// What a person does with `nsobserver top`: which row, which page, which filter. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "userspace/main/top/keys.h"
#include "userspace/main/top/top_model.h"

namespace nsobs {

enum class TopPage : uint8_t { kList, kDetail, kHelp };

struct TopState {
  TopPage page = TopPage::kList;
  std::string selected;  // the owner of the row; "": the first
  bool chosen = false;   // by a person: it stays selected when others come before it
  size_t first_row = 0;  // of the list on the screen
  size_t scroll = 0;     // lines of the detail or of the help above the screen
  bool paused = false;
  int64_t paused_wall_ns = 0;
  bool typing = false;  // the filter is being typed
  std::string filter;
  std::string filter_before;  // what escape goes back to
  TopSort sort = TopSort::kTrouble;
  int64_t window_ns = 0;
};

enum class TopAction : uint8_t {
  kNone,
  kQuit,
  kReload,  // of the window, which is another one or was stale
  kSuspend,
  kRedraw,
};

// What the last drawing found out, for moving by screens.
struct TopExtent {
  size_t list_rows = 1;   // that the screen has for the list
  size_t page_lines = 0;  // of the whole detail or help
  size_t page_rows = 1;   // that the screen has for them
};

TopAction Press(const Key& key, const TopModel& model, const TopExtent& extent, int64_t now_wall_ns,
                TopState* state);

// The index of the selected row, after rows came and went; 0 if there is none. Also puts the list's
// first row so that it is seen.
size_t SettleSelection(const TopModel& model, size_t list_rows, TopState* state);

// "10m", "1h30m".
std::string WindowText(int64_t window_ns);

}  // namespace nsobs
