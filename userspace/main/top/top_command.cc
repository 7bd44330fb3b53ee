#include "userspace/main/top/top_command.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/clock.h"
#include "userspace/base/status_util.h"
#include "userspace/main/next_step.h"
#include "userspace/main/top/painter.h"
#include "userspace/main/top/terminal.h"
#include "userspace/main/top/top_draw.h"
#include "userspace/main/top/top_feed.h"

namespace nsobs {
namespace {

// Trouble is on the screen this long after it was written down, at the latest.
constexpr absl::Duration kLookEvery = absl::Milliseconds(250);
// How long the rest of a key's sequence may take; over ssh it comes in pieces.
constexpr absl::Duration kKeyPatience = absl::Milliseconds(50);

class Top {
 public:
  Top(const TopOptions& options, TimelineReader* reader, const TerminalControls& controls,
      const Console& console)
      : console_(console),
        utf8_(LocaleIsUtf8()),
        feed_(reader, &clock_),
        painter_(controls),
        terminal_(controls) {
    state_.window_ns = options.window_ns;
  }

  absl::Status Run();

 private:
  // True while it goes on.
  bool TakeKeysFrom(const std::string& bytes);
  bool Do(TopAction action);
  absl::Status Look();
  absl::Status Draw();
  void Ask();
  TopQuestion Question() const;
  absl::Status WaitAndAct(bool* on);

  const Console& console_;
  const bool utf8_;
  const SystemClock clock_;
  TopFeed feed_;
  TopStore store_;
  TopModel model_;
  TopState state_;
  TopExtent extent_;
  Painter painter_;
  Terminal terminal_;
  std::string typed_;  // of a key that is not complete yet
  std::string note_;
  absl::Time next_look_ = absl::InfinitePast();
  bool stale_ = true;  // the model is not what the store and the state ask for
  bool suspend_ = false;
};

TopQuestion Top::Question() const {
  return {.now_wall_ns = state_.paused ? state_.paused_wall_ns : clock_.WallNs(),
          .window_ns = state_.window_ns,
          .filter = state_.filter,
          .sort = state_.sort};
}

void Top::Ask() {
  model_ = BuildTopModel(store_, Question());
  stale_ = false;
}

absl::Status Top::Draw() {
  if (stale_) Ask();
  TopScene scene{.store = &store_,
                 .model = &model_,
                 .question = Question(),
                 .state = &state_,
                 .size = terminal_.Size(),
                 .zone = console_.zone,
                 .now_wall_ns = clock_.WallNs(),
                 .note = note_};
  SettleSelection(model_, TopListRows(scene), &state_);
  TopDrawing drawing = DrawTop(scene);
  extent_ = drawing.extent;
  if (!utf8_) ToAscii(&drawing.frame);
  const std::string bytes = painter_.Paint(drawing.frame);
  return bytes.empty() ? absl::OkStatus() : terminal_.Write(bytes);
}

absl::Status Top::Look() {
  next_look_ = absl::Now() + kLookEvery;
  if (state_.paused) return absl::OkStatus();
  bool changed = false;
  const absl::Status status = feed_.Look(state_.window_ns, &store_, &changed);
  note_ = absl::IsUnavailable(status) ? "the timeline is busy, this may be old" : "";
  // Times go on, and what is older than the window leaves it, though nothing new comes.
  stale_ = true;
  return absl::IsUnavailable(status) ? absl::OkStatus() : status;
}

bool Top::Do(TopAction action) {
  switch (action) {
    case TopAction::kNone:
      break;
    case TopAction::kQuit:
      return false;
    case TopAction::kReload:
      feed_.Restart();
      next_look_ = absl::InfinitePast();
      break;
    case TopAction::kSuspend:
      suspend_ = true;
      break;
    case TopAction::kRedraw:
      painter_.Forget();
      break;
  }
  return true;
}

bool Top::TakeKeysFrom(const std::string& bytes) {
  typed_ += bytes;
  for (const Key& key : TakeKeys(&typed_, /*last=*/bytes.empty())) {
    const std::string filter = state_.filter;
    const TopSort sort = state_.sort;
    if (!Do(Press(key, model_, extent_, clock_.WallNs(), &state_))) return false;
    if (filter != state_.filter || sort != state_.sort) {
      Ask();
      if (!state_.chosen) state_.selected.clear();
    }
  }
  return true;
}

absl::Status Top::WaitAndAct(bool* on) {
  const absl::Duration until_look = std::max(absl::ZeroDuration(), next_look_ - absl::Now());
  const absl::Duration patience = typed_.empty() ? until_look : std::min(until_look, kKeyPatience);
  const Terminal::Happened happened = terminal_.Wait(patience);
  if (happened.ended) *on = false;
  if (happened.resized) painter_.Forget();
  if (!happened.bytes.empty() || !typed_.empty()) *on = *on && TakeKeysFrom(happened.bytes);
  if (!happened.suspend && !std::exchange(suspend_, false)) return absl::OkStatus();
  NSOBS_RETURN_IF_ERROR(terminal_.Suspend());
  painter_.Forget();
  return absl::OkStatus();
}

absl::Status Top::Run() {
  NSOBS_RETURN_IF_ERROR(terminal_.Enter());
  note_ = "reading the timeline...";
  NSOBS_RETURN_IF_ERROR(Draw());
  for (bool on = true; on;) {
    if (absl::Now() >= next_look_) NSOBS_RETURN_IF_ERROR(Look());
    NSOBS_RETURN_IF_ERROR(Draw());
    NSOBS_RETURN_IF_ERROR(WaitAndAct(&on));
  }
  return absl::OkStatus();
}

int Refuse(const absl::Status& status, const Console& console) {
  console.Fail(status);
  return kExitUsage;
}

}  // namespace

bool LocaleIsUtf8() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    const std::string lower = absl::AsciiStrToLower(value);
    return lower.find("utf-8") != std::string::npos || lower.find("utf8") != std::string::npos;
  }
  return false;
}

int TopCommand(const TopOptions& options, const Console& console) {
  if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
    return Refuse(
        absl::InvalidArgumentError("top needs a terminal; for a pipe or a file: nsobserver "
                                   "findings, or nsobserver events --follow"),
        console);
  }
  const auto controls = LoadTerminalControls(getenv("TERM"), console.screen.color);
  if (!controls.ok()) return Refuse(controls.status(), console);
  const auto reader = TimelineReader::Open(options.storage_path);
  if (!reader.ok()) return console.Fail(WithSudo(reader.status()));
  absl::Status status;
  {
    Top top(options, reader->get(), *controls, console);
    status = top.Run();
  }  // the terminal is given back before anything is said
  if (status.ok() || absl::IsUnavailable(status)) return kExitDone;
  return console.Fail(status);
}

}  // namespace nsobs
