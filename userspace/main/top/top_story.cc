// One container's story: what happened, when, in which namespace; what is wrong, on what evidence;
// who entered.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/main/finding_listing.h"
#include "userspace/main/human_text.h"
#include "userspace/main/top/top_draw.h"

namespace nsobs {
namespace {

constexpr int kLabelWidth = 10;
constexpr size_t kWholeEvents = 500;

// How much is told. Below the list: the first of these that the screen has room for.
struct Budget {
  bool wrap;
  size_t failures, findings, evidence, entries;
};
constexpr Budget kWhole = {true, 10, 50, 16, 50};
constexpr Budget kShort[] = {{true, 8, 5, 5, 5}, {true, 5, 3, 5, 3}, {true, 3, 2, 3, 2},
                             {true, 2, 1, 3, 2}, {true, 1, 1, 2, 1}, {false, 2, 1, 2, 1},
                             {false, 1, 1, 1, 1}};

class Story {
 public:
  Story(const TopScene& scene, const Budget& budget, bool whole)
      : scene_(scene), budget_(budget), whole_(whole) {}

  void Who(const TopRow& row);
  void Happened(const TopStory& story);
  void Wrong(const TopStory& story);
  void Entered(const TopStory& story);
  void Everything(const TopStory& story);
  void Section(const std::string& label, const std::string& text, Style style) {
    bool first = true;
    for (const std::string& line : WrapToColumns(text, scene_.size.columns - kLabelWidth)) {
      Put(first ? label : "", line, style);
      first = false;
    }
  }
  void Blank() {
    if (whole_) lines_.emplace_back();
  }
  std::vector<FrameLine> Done() { return std::move(lines_); }

 private:
  void Put(const std::string& label, const std::string& text, Style style) {
    lines_.push_back(LineBuilder(scene_.size.columns)
                         .Column(label, kLabelWidth, Style::kBold)
                         .Add(text, style)
                         .Done());
  }
  void PutOrWrap(const std::string& label, const std::string& text, Style style) {
    if (budget_.wrap) {
      Section(label, text, style);
    } else {
      Put(label, text, style);
    }
  }
  void More(size_t left_out, const std::string& what) {
    if (left_out > 0 && whole_) {
      Put("", absl::StrCat("and ", left_out, " more ", what), Style::kDim);
    }
  }
  std::string Clock(int64_t wall_ns) const {
    return LocalClock(wall_ns, scene_.now_wall_ns, scene_.zone);
  }
  std::string EventText(const TopEvent& event) const;
  void Finding(const TopFinding& finding);

  const TopScene& scene_;
  const Budget& budget_;
  const bool whole_;
  std::vector<FrameLine> lines_;
};

Style StyleOf(EventWeight weight) {
  switch (weight) {
    case EventWeight::kError:
      return Style::kRed;
    case EventWeight::kWarning:
      return Style::kYellow;
    case EventWeight::kGood:
      return Style::kGreen;
    case EventWeight::kNote:
      return Style::kPlain;
    case EventWeight::kQuiet:
      break;
  }
  return Style::kDim;
}

void Story::Who(const TopRow& row) {
  const TopContainer& c = row.container;
  std::string text = row.label;
  if (row.known) {
    absl::StrAppend(&text, " (", c.runtime, " ", whole_ ? c.id : c.id.substr(0, 12), ")  ");
    const bool dead = c.died_wall_ns != 0;
    if (dead) {
      absl::StrAppend(&text, "exited at ", Clock(c.died_wall_ns));
    } else {
      absl::StrAppend(&text, TopStateText(scene_, row), " since ", Clock(c.started_wall_ns));
    }
    if (!c.image.empty() && c.image != c.id) absl::StrAppend(&text, "  ", c.image);
  }
  PutOrWrap("container", text, Style::kBold);
  if (!whole_ || !row.known) return;
  Section("in", absl::StrJoin(c.namespaces, " "), Style::kDim);
}

std::string Story::EventText(const TopEvent& event) const {
  std::string text =
      absl::StrCat(Clock(event.wall_ns), "  ", event.ns, event.ns.empty() ? "" : "  ", event.what);
  if (event.count > 1) {
    absl::StrAppend(&text, ", ", HumanCount(event.count), " times until ",
                    Clock(event.last_wall_ns));
  }
  return text;
}

void Story::Happened(const TopStory& story) {
  const size_t most = budget_.failures;
  Blank();
  if (story.failures.empty()) {
    Put("happened",
        absl::StrCat("nothing failed in the last ", WindowText(scene_.question.window_ns)),
        Style::kDim);
    return;
  }
  for (size_t i = 0; i < std::min(most, story.failures.size()); ++i) {
    const TopEvent& event = *story.failures[i];
    PutOrWrap(i == 0 ? "happened" : "", EventText(event), StyleOf(event.weight));
  }
  More(story.failures.size() - std::min(most, story.failures.size()), "failures, below");
}

void Story::Finding(const TopFinding& finding) {
  const Style style = StyleOfConfidence(finding.confidence);
  Section("wrong",
          absl::StrCat(Clock(finding.wall_ns), "  ", finding.confidence, ", ", finding.case_id,
                       ": ", finding.summary),
          style);
  for (size_t i = 0; i < std::min(budget_.evidence, finding.evidence.size()); ++i) {
    const TopEvidence& evidence = finding.evidence[i];
    const char* label = i == 0 ? "evidence" : "";
    if (whole_) {
      Section(label, absl::StrCat("- ", evidence.claim), Style::kPlain);
      Section("", absl::StrCat("  ", evidence.source, " = ", evidence.value), Style::kDim);
    } else {
      Put(label, absl::StrCat("- ", evidence.claim, ": ", evidence.value), Style::kPlain);
    }
  }
  if (!finding.fix.empty()) PutOrWrap("fix", finding.fix, Style::kGreen);
  if (!whole_) return;
  if (!finding.check.empty()) Section("check", absl::StrCat("$ ", finding.check), Style::kPlain);
  Section("more", absl::StrCat("$ nsobserver findings show ", finding.id), Style::kDim);
}

void Story::Wrong(const TopStory& story) {
  if (story.findings.empty()) {
    Blank();
    const char* text = story.failures.empty()
                           ? "nothing was found"
                           : "nothing was found yet (look now: nsobserver diagnose)";
    Put("wrong", text, Style::kDim);
    return;
  }
  std::vector<std::string> told;  // a finding may come again and again
  for (const TopFinding* finding : story.findings) {
    const std::string text = finding->case_id + finding->summary;
    if (std::find(told.begin(), told.end(), text) != told.end()) continue;
    if (told.size() == budget_.findings) break;
    told.push_back(text);
    Blank();
    Finding(*finding);
  }
}

void Story::Entered(const TopStory& story) {
  const size_t most = budget_.entries;
  Blank();
  if (story.entries.empty()) {
    Put("entered", "nobody did", Style::kDim);
    return;
  }
  for (size_t i = 0; i < std::min(most, story.entries.size()); ++i) {
    const TopStory::Entry& entry = story.entries[i];
    const TopEvent& event = *entry.event;
    PutOrWrap(i == 0 ? "entered" : "",
              absl::StrCat(Clock(event.wall_ns), "  ", event.by_engine ? "its engine: " : "",
                           event.who, ", into ", absl::StrJoin(entry.kinds, ",")),
              event.by_engine ? Style::kDim : Style::kCyan);
  }
  More(story.entries.size() - std::min(most, story.entries.size()), "entries");
}

void Story::Everything(const TopStory& story) {
  Blank();
  if (story.events.empty()) return;
  const size_t most = std::min(kWholeEvents, story.events.size());
  for (size_t i = 0; i < most; ++i) {
    const TopEvent& event = *story.events[i];
    PutOrWrap(i == 0 ? "events" : "", EventText(event), StyleOf(event.weight));
  }
  More(story.events.size() - most, "events (nsobserver events)");
}

std::vector<FrameLine> Tell(const TopScene& scene, const TopRow& row, const TopStory& story,
                            const Budget& budget, bool whole) {
  Story lines(scene, budget, whole);
  lines.Who(row);
  lines.Happened(story);
  lines.Wrong(story);
  lines.Entered(story);
  if (whole) lines.Everything(story);
  return lines.Done();
}

}  // namespace

std::vector<FrameLine> TopStoryLines(const TopScene& scene, const TopRow* row) {
  if (row == nullptr) {
    Story lines(scene, kWhole, /*whole=*/true);
    lines.Section("", "this container has left the window (Esc: back)", Style::kDim);
    return lines.Done();
  }
  return Tell(scene, *row, StoryOf(*scene.store, row->owner, scene.question), kWhole, true);
}

std::vector<FrameLine> TopShortStory(const TopScene& scene, const TopRow& row, size_t room) {
  const TopStory story = StoryOf(*scene.store, row.owner, scene.question);
  std::vector<FrameLine> lines;
  for (const Budget& budget : kShort) {
    lines = Tell(scene, row, story, budget, false);
    if (lines.size() <= room) break;
  }
  return lines;
}

std::vector<FrameLine> TopHelpLines(int columns) {
  static constexpr const char* kText[] = {
      "Up Down j k     choose a container, or scroll a page; PgUp PgDn, g G too",
      "Enter           its story: what happened, what is wrong and on what evidence, who entered",
      "Esc             back; in the list: drops the filter",
      "/               filter by a part of a name, id, runtime, image or case",
      "s               sort by trouble, last, failures, name",
      "w               window: 1m, 10m, 1h, 6h, 1d",
      "p               pause, and go on",
      "Ctrl-L          draw anew",
      "q               quit, or back to the list",
      "",
      "TROUBLE  wrong: nsobserver is certain of a cause; likely: it has one that is likely;",
      "         failing: something failed, no cause was found; entered: somebody came in.",
      "FAILED   how often something failed or was killed in the window; LAST: how long ago.",
      "",
      "All of it is read from the timeline, also while the daemon is down. More of it:",
      "  nsobserver events --container NAME     findings --container NAME     diagnose NAME",
  };
  std::vector<FrameLine> lines;
  for (const char* text : kText) {
    lines.push_back(LineBuilder(columns).Add(text).Done());
  }
  return lines;
}

}  // namespace nsobs
