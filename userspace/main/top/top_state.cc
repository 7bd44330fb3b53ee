#include "userspace/main/top/top_state.h"

#include <algorithm>
#include <array>

#include "absl/time/time.h"
#include "userspace/base/sanitize.h"
#include "userspace/config/value_text.h"

namespace nsobs {
namespace {

constexpr int64_t kMinuteNs = 60'000'000'000;
constexpr auto kWindows = std::to_array<int64_t>(
    {kMinuteNs, 10 * kMinuteNs, 60 * kMinuteNs, 6 * 60 * kMinuteNs, 24 * 60 * kMinuteNs});
constexpr size_t kFilterBytes = 60;

void DropLastCharacter(std::string* text) {
  while (!text->empty() && (static_cast<unsigned char>(text->back()) & 0xC0) == 0x80) {
    text->pop_back();
  }
  if (!text->empty()) text->pop_back();
}

TopAction Type(const Key& key, TopState* state) {
  switch (key.code) {
    case KeyCode::kText:
      if (state->filter.size() < kFilterBytes) state->filter += ForTerminal(key.text);
      break;
    case KeyCode::kBackspace:
      DropLastCharacter(&state->filter);
      break;
    case KeyCode::kClearLine:
      state->filter.clear();
      break;
    case KeyCode::kEnter:
      state->typing = false;
      break;
    case KeyCode::kEscape:
      state->typing = false;
      state->filter = state->filter_before;
      break;
    default:
      break;
  }
  return TopAction::kNone;
}

void MoveTo(const TopModel& model, int64_t index, TopState* state) {
  if (model.rows.empty()) return;
  const int64_t last = static_cast<int64_t>(model.rows.size()) - 1;
  state->selected = model.rows[static_cast<size_t>(std::clamp<int64_t>(index, 0, last))].owner;
  state->chosen = true;
}

int64_t IndexOf(const TopModel& model, const std::string& owner) {
  for (size_t i = 0; i < model.rows.size(); ++i) {
    if (model.rows[i].owner == owner) return static_cast<int64_t>(i);
  }
  return 0;
}

void Scroll(int64_t to, const TopExtent& extent, TopState* state) {
  const int64_t most =
      static_cast<int64_t>(extent.page_lines) - static_cast<int64_t>(extent.page_rows);
  state->scroll = static_cast<size_t>(std::clamp<int64_t>(to, 0, std::max<int64_t>(0, most)));
}

// How far a key moves: lines, and whether to an end.
struct Move {
  int64_t by = 0;
  bool to_first = false;
  bool to_last = false;
};

Move MoveOf(const Key& key, int64_t page) {
  switch (key.code) {
    case KeyCode::kUp:
      return {.by = -1};
    case KeyCode::kDown:
      return {.by = 1};
    case KeyCode::kPageUp:
      return {.by = -page};
    case KeyCode::kPageDown:
      return {.by = page};
    case KeyCode::kHome:
      return {.to_first = true};
    case KeyCode::kEnd:
      return {.to_last = true};
    case KeyCode::kText:
      if (key.text == "k") return {.by = -1};
      if (key.text == "j") return {.by = 1};
      if (key.text == "b") return {.by = -page};
      if (key.text == " ") return {.by = page};
      if (key.text == "g") return {.to_first = true};
      if (key.text == "G") return {.to_last = true};
      return {};
    default:
      return {};
  }
}

bool Moves(const Key& key, const TopModel& model, const TopExtent& extent, TopState* state) {
  const bool list = state->page == TopPage::kList;
  const size_t page = std::max<size_t>(1, list ? extent.list_rows : extent.page_rows);
  const Move move = MoveOf(key, static_cast<int64_t>(page));
  if (move.by == 0 && !move.to_first && !move.to_last) return false;
  int64_t to =
      (list ? IndexOf(model, state->selected) : static_cast<int64_t>(state->scroll)) + move.by;
  if (move.to_first) to = 0;
  if (move.to_last) to = static_cast<int64_t>(std::max(model.rows.size(), extent.page_lines));
  if (list) {
    MoveTo(model, to, state);
  } else {
    Scroll(to, extent, state);
  }
  return true;
}

void Show(TopPage page, TopState* state) {
  state->page = page;
  state->scroll = 0;
}

int64_t NextWindow(int64_t window_ns) {
  for (const int64_t window : kWindows) {
    if (window > window_ns) return window;
  }
  return kWindows.front();
}

TopAction PressLetter(const std::string& letter, int64_t now_wall_ns, TopState* state) {
  if (letter == "q") {
    if (state->page == TopPage::kList) return TopAction::kQuit;
    Show(TopPage::kList, state);
  } else if (letter == "?" || letter == "h") {
    Show(state->page == TopPage::kHelp ? TopPage::kList : TopPage::kHelp, state);
  } else if (letter == "/") {
    Show(TopPage::kList, state);
    state->typing = true;
    state->filter_before = state->filter;
  } else if (letter == "s") {
    state->sort = static_cast<TopSort>((static_cast<size_t>(state->sort) + 1) % kTopSortCount);
  } else if (letter == "p") {
    state->paused = !state->paused;
    state->paused_wall_ns = now_wall_ns;
    return state->paused ? TopAction::kNone : TopAction::kReload;
  } else if (letter == "w") {
    state->window_ns = NextWindow(state->window_ns);
    state->paused = false;
    return TopAction::kReload;
  }
  return TopAction::kNone;
}

void Back(TopState* state) {
  if (state->page != TopPage::kList) {
    Show(TopPage::kList, state);
  } else {
    state->filter.clear();
  }
}

}  // namespace

TopAction Press(const Key& key, const TopModel& model, const TopExtent& extent, int64_t now_wall_ns,
                TopState* state) {
  if (key.code == KeyCode::kInterrupt) return TopAction::kQuit;
  if (key.code == KeyCode::kSuspend) return TopAction::kSuspend;
  if (key.code == KeyCode::kRedraw) return TopAction::kRedraw;
  if (state->typing) return Type(key, state);
  if (Moves(key, model, extent, state)) return TopAction::kNone;
  switch (key.code) {
    case KeyCode::kText:
      return PressLetter(key.text, now_wall_ns, state);
    case KeyCode::kEnter:
    case KeyCode::kRight:
      if (state->page == TopPage::kList && !model.rows.empty()) {
        state->chosen = true;
        Show(TopPage::kDetail, state);
      }
      break;
    case KeyCode::kEscape:
      Back(state);
      break;
    case KeyCode::kLeft:
    case KeyCode::kBackspace:
      Show(TopPage::kList, state);
      break;
    default:
      break;
  }
  return TopAction::kNone;
}

size_t SettleSelection(const TopModel& model, size_t list_rows, TopState* state) {
  // The detail stays with its container, even when that has left the list.
  if (state->page == TopPage::kDetail) return static_cast<size_t>(IndexOf(model, state->selected));
  if (model.rows.empty()) {
    state->first_row = 0;
    return 0;
  }
  const auto index = static_cast<size_t>(state->chosen ? IndexOf(model, state->selected) : 0);
  if (model.rows[index].owner != state->selected) state->chosen = false;  // it is gone
  state->selected = model.rows[index].owner;
  const size_t rows = std::max<size_t>(1, list_rows);
  if (index < state->first_row) state->first_row = index;
  if (index >= state->first_row + rows) state->first_row = index - rows + 1;
  if (model.rows.size() < state->first_row + rows) {
    state->first_row = model.rows.size() > rows ? model.rows.size() - rows : 0;
  }
  return index;
}

std::string WindowText(int64_t window_ns) { return DurationText(absl::Nanoseconds(window_ns)); }

}  // namespace nsobs
