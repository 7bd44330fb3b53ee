// What frames the screens of top: how it stands with the observer and the window, and the keys.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/main/human_text.h"
#include "userspace/main/top/top_draw.h"

namespace nsobs {
namespace {

// The observer writes down each second that it is there; a loaded host is slower.
constexpr int64_t kSilentNs = 5'000'000'000;

std::string Clock(const TopScene& scene, int64_t wall_ns) {
  return LocalClock(wall_ns, scene.now_wall_ns, scene.zone);
}

std::string Plural(size_t count, std::string_view what) {
  return absl::StrCat(count, " ", std::string(what), count == 1 ? "" : "s");
}

FrameLine Title(const TopScene& scene) {
  const TopModel& model = *scene.model;
  LineBuilder line(scene.size.columns);
  line.Add("nsobserver", Style::kBold);
  line.Add(absl::StrCat("  last ", WindowText(scene.question.window_ns), ": "));
  line.Add(absl::StrCat(model.in_trouble, " of ", Plural(model.containers, "container"),
                        " in trouble", model.in_trouble > 0 ? ", " : "",
                        model.in_trouble > 0 ? absl::StrCat(model.in_trouble_now, " now") : ""),
           model.in_trouble > 0 ? Style::kRed : Style::kGreen);
  line.Add(absl::StrCat("; ", Plural(model.findings, "finding")));
  line.AtRight(Clock(scene, scene.now_wall_ns), Style::kDim);
  return line.Done();
}

FrameLine Daemon(const TopScene& scene) {
  const TimelineRunState& run = scene.store->run;
  LineBuilder line(scene.size.columns);
  if (run.heartbeat_wall_ns == 0) {
    line.Add("DAEMON DOWN: it has not run with this storage path (start it: nsobserver run)",
             Style::kRed);
  } else if (run.clean_stop) {
    line.Add(absl::StrCat("DAEMON DOWN: stopped at ", Clock(scene, run.heartbeat_wall_ns),
                          ", this is what it recorded (start it: nsobserver run)"),
             Style::kRed);
  } else if (!ObserverRuns(scene)) {
    line.Add(absl::StrCat("DAEMON DOWN: no sign of it since ", Clock(scene, run.heartbeat_wall_ns),
                          ", this is what it recorded (start it: nsobserver run)"),
             Style::kRed);
  } else {
    line.Add(absl::StrCat("daemon observes since ", Clock(scene, run.started_wall_ns)),
             Style::kDim);
    line.AtRight(absl::StrCat("sorted by ", std::string(Name(scene.question.sort))), Style::kDim);
  }
  return line.Done();
}

std::string Notes(const TopScene& scene) {
  std::vector<std::string> notes;
  if (scene.state->paused) {
    notes.push_back(
        absl::StrCat("PAUSED at ", Clock(scene, scene.state->paused_wall_ns), " (p: go on)"));
  }
  if (!scene.note.empty()) notes.push_back(scene.note);
  if (!scene.state->filter.empty() && !scene.state->typing) {
    notes.push_back(absl::StrCat("filter \"", scene.state->filter, "\" hides ",
                                 scene.model->filtered_out, " (Esc: all)"));
  }
  if (scene.model->unseen > 0) {
    notes.push_back(absl::StrCat("not all was seen: ", scene.model->unseen,
                                 " losses or gaps (events --kind loss,gap)"));
  }
  if (const int64_t until = scene.store->left_out_until_wall_ns(); until > 0) {
    notes.push_back(absl::StrCat("too much to hold: left out some from before ",
                                 Clock(scene, until), " (events shows all)"));
  }
  if (const size_t left_out = scene.store->containers_left_out(); left_out > 0) {
    notes.push_back(absl::StrCat(left_out, " containers left out"));
  }
  return absl::StrJoin(notes, "; ");
}

}  // namespace

bool ObserverRuns(const TopScene& scene) {
  const TimelineRunState& run = scene.store->run;
  return run.heartbeat_wall_ns != 0 && !run.clean_stop &&
         scene.now_wall_ns - run.heartbeat_wall_ns < kSilentNs;
}

std::string TopStateText(const TopScene& scene, const TopRow& row) {
  if (row.owner == kTopHost) return "-";
  if (!row.known) return "?";
  if (row.container.died_wall_ns != 0) return "exited";
  return ObserverRuns(scene) ? "running" : "running?";
}

std::vector<FrameLine> TopHeader(const TopScene& scene) {
  std::vector<FrameLine> lines = {Title(scene), Daemon(scene)};
  const std::string notes = Notes(scene);
  if (!notes.empty()) {
    lines.push_back(LineBuilder(scene.size.columns).Add(notes, Style::kYellow).Done());
  }
  return lines;
}

// One column is left free: some terminals scroll when their last cell is written.
FrameLine TopFooter(const TopScene& scene) {
  LineBuilder line(scene.size.columns - 1);
  if (scene.state->typing) {
    line.Add("/", Style::kBold).Add(absl::StrCat(scene.state->filter, "_"));
    line.Add("   part of a name, id, image or case; Enter keeps it, Esc drops it", Style::kDim);
    return line.Done();
  }
  struct KeyHelp {
    const char* key;
    const char* what;
  };
  static constexpr KeyHelp kList[] = {{"Enter", "detail"}, {"/", "filter"}, {"s", "sort"},
                                      {"w", "window"},     {"p", "pause"},  {"?", "help"},
                                      {"q", "quit"}};
  static constexpr KeyHelp kPage[] = {
      {"Up/Down", "scroll"}, {"Esc", "back"}, {"p", "pause"}, {"?", "help"}};
  const auto add = [&](const KeyHelp& help) {
    line.Add(help.key, Style::kBold).Add(absl::StrCat(" ", help.what, "  "), Style::kDim);
  };
  if (scene.state->page == TopPage::kList) {
    std::for_each(std::begin(kList), std::end(kList), add);
  } else {
    std::for_each(std::begin(kPage), std::end(kPage), add);
  }
  return line.Done();
}

}  // namespace nsobs
