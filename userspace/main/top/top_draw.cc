#include "userspace/main/top/top_draw.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

constexpr int kLeastColumns = 30;
constexpr int kLeastRows = 6;
constexpr int kRowsForStory = 16;  // a smaller screen shows the list alone
constexpr int kWideColumns = 100;  // room for one more column

struct Look {
  const char* word;
  Style style;
};

// Not by colour alone.
Look LookOf(TopLevel level) {
  switch (level) {
    case TopLevel::kQuiet:
      return {"", Style::kDim};
    case TopLevel::kEntered:
      return {"entered", Style::kCyan};
    case TopLevel::kFailing:
      return {"failing", Style::kYellow};
    case TopLevel::kLikely:
      return {"likely", Style::kYellow};
    case TopLevel::kCertain:
      return {"wrong", Style::kRed};
  }
  return {"", Style::kPlain};
}

int LabelWidth(int columns) { return std::clamp(columns / 5, 12, 32); }

FrameLine Titles(const TopScene& scene) {
  LineBuilder line(scene.size.columns);
  line.Add("  ").Column("CONTAINER", LabelWidth(scene.size.columns), Style::kDim).Add(" ");
  line.Column("TROUBLE", 7, Style::kDim).Add(" ").Column("STATE", 8, Style::kDim).Add(" ");
  if (scene.size.columns >= kWideColumns) line.Column("FOUND", 5, Style::kDim, true).Add(" ");
  line.Column("FAILED", 6, Style::kDim, true).Add(" ");
  line.Column("LAST", 4, Style::kDim, true).Add("  ").Add("WHAT", Style::kDim);
  return line.Done();
}

std::string CountOrDash(uint64_t count) { return count == 0 ? "-" : ShortCount(count); }

FrameLine RowLine(const TopScene& scene, const TopRow& row, bool selected) {
  const Look look = LookOf(row.level);
  const int64_t age = scene.question.now_wall_ns - row.last_wall_ns;
  LineBuilder line(scene.size.columns);
  line.Add(selected ? "> " : "  ");
  line.Column(row.label, LabelWidth(scene.size.columns),
              row.level >= TopLevel::kFailing ? Style::kBold : Style::kPlain);
  line.Add(" ").Column(look.word, 7, look.style).Add(" ");
  line.Column(TopStateText(scene, row), 8, Style::kDim).Add(" ");
  if (scene.size.columns >= kWideColumns) {
    line.Column(CountOrDash(row.findings), 5, look.style, true).Add(" ");
  }
  line.Column(CountOrDash(row.failures), 6, Style::kPlain, true).Add(" ");
  line.Column(row.last_wall_ns == 0 ? "-" : AgeText(age), 4, Style::kDim, true).Add("  ");
  line.Add(row.headline, look.style);
  return line.Done(selected);
}

FrameLine EmptyList(const TopScene& scene) {
  const bool filtered = scene.model->filtered_out > 0;
  const std::string window = WindowText(scene.question.window_ns);
  return LineBuilder(scene.size.columns)
      .Add(filtered ? "  nothing matches the filter (Esc drops it)"
                    : absl::StrCat("  no containers, and nothing failed in the last ", window,
                                   " (w: longer)"),
           Style::kDim)
      .Done();
}

void DrawList(const TopScene& scene, Frame* frame) {
  const std::vector<TopRow>& rows = scene.model->rows;
  frame->push_back(Titles(scene));
  if (rows.empty()) frame->push_back(EmptyList(scene));
  const size_t end = std::min(rows.size(), scene.state->first_row + TopListRows(scene));
  const TopRow* chosen = nullptr;
  for (size_t i = scene.state->first_row; i < end; ++i) {
    const bool selected = rows[i].owner == scene.state->selected;
    if (selected) chosen = &rows[i];
    frame->push_back(RowLine(scene, rows[i], selected));
  }
  if (scene.size.rows < kRowsForStory || chosen == nullptr) return;
  const size_t below = rows.size() - end;
  frame->push_back(
      LineBuilder(scene.size.columns)
          .Add(below > 0 ? absl::StrCat("  and ", below, " more below") : "", Style::kDim)
          .Done());
  const size_t used = frame->size() + 1;  // and the footer
  const auto all = static_cast<size_t>(scene.size.rows);
  std::vector<FrameLine> story = TopShortStory(scene, *chosen, all > used ? all - used : 0);
  std::move(story.begin(), story.end(), std::back_inserter(*frame));
}

// A part of something longer, from the line that it was scrolled to.
void DrawPage(const TopScene& scene, std::vector<FrameLine> lines, TopDrawing* drawing) {
  const size_t used = drawing->frame.size() + 1;  // and the footer
  const auto rows = static_cast<size_t>(scene.size.rows);
  drawing->extent.page_rows = rows > used ? rows - used : 1;
  drawing->extent.page_lines = lines.size();
  const size_t last =
      lines.size() > drawing->extent.page_rows ? lines.size() - drawing->extent.page_rows : 0;
  for (size_t i = std::min(scene.state->scroll, last); i < lines.size(); ++i) {
    drawing->frame.push_back(std::move(lines[i]));
  }
}

const TopRow* SelectedRow(const TopScene& scene) {
  for (const TopRow& row : scene.model->rows) {
    if (row.owner == scene.state->selected) return &row;
  }
  return nullptr;
}

}  // namespace

size_t TopListRows(const TopScene& scene) {
  const int used = static_cast<int>(TopHeader(scene).size()) + 2;  // titles and footer
  const int free = std::max(1, scene.size.rows - used);
  if (scene.size.rows < kRowsForStory) return static_cast<size_t>(free);
  const int most = std::max(1, free / 2 - 1);
  const auto rows = static_cast<int>(std::min<size_t>(scene.model->rows.size(), 10'000));
  return static_cast<size_t>(std::clamp(rows, 1, most));
}

TopDrawing DrawTop(const TopScene& scene) {
  TopDrawing drawing;
  const auto rows = static_cast<size_t>(std::max(1, scene.size.rows));
  if (scene.size.columns < kLeastColumns || scene.size.rows < kLeastRows) {
    drawing.frame.push_back(LineBuilder(scene.size.columns).Add("too small: make it 80x24").Done());
    drawing.frame.resize(rows);
    return drawing;
  }
  drawing.frame = TopHeader(scene);
  switch (scene.state->page) {
    case TopPage::kList:
      DrawList(scene, &drawing.frame);
      drawing.extent.list_rows = TopListRows(scene);
      break;
    case TopPage::kDetail:
      DrawPage(scene, TopStoryLines(scene, SelectedRow(scene)), &drawing);
      break;
    case TopPage::kHelp:
      DrawPage(scene, TopHelpLines(scene.size.columns), &drawing);
      break;
  }
  drawing.frame.resize(rows - 1);
  drawing.frame.push_back(TopFooter(scene));
  return drawing;
}

std::string AgeText(int64_t age_ns) {
  const int64_t seconds = std::max<int64_t>(0, age_ns / 1'000'000'000);
  if (seconds < 60) return absl::StrCat(seconds, "s");
  if (seconds < 3600) return absl::StrCat(seconds / 60, "m");
  if (seconds < 86400) return absl::StrCat(seconds / 3600, "h");
  return absl::StrCat(seconds / 86400, "d");
}

std::string ShortCount(uint64_t count) {
  if (count < 10'000) return absl::StrCat(count);
  if (count < 10'000'000) return absl::StrCat(count / 1000, "k");
  if (count < 10'000'000'000) return absl::StrCat(count / 1'000'000, "M");
  return absl::StrCat(count / 1'000'000'000, "G");
}

}  // namespace nsobs
