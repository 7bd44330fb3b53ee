#include "userspace/main/table.h"

#include <algorithm>

#include "userspace/main/text_width.h"

namespace nsobs {
namespace {

constexpr int kGap = 2;  // spaces between columns
constexpr int kNarrowest = 2;
constexpr int kLeftOut = -1;  // width of a column that has no room

int Width(const Cell& cell) { return TextWidth(cell.text) + TextWidth(cell.tail); }

std::string Fit(const Cell& cell, int columns) {
  const std::string whole = cell.text + cell.tail;
  const int room = columns - TextWidth(cell.tail);
  if (TextWidth(whole) <= columns || room < 1) return FitText(whole, columns);
  return FitText(cell.text, room) + cell.tail;
}

int Total(const std::vector<int>& widths) {
  int total = -kGap;
  for (const int width : widths) {
    if (width != kLeftOut) total += width + kGap;
  }
  return total;
}

}  // namespace

std::string_view StyleEscape(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kBold:
      return "\x1b[1m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kRed:
      return "\x1b[31m";
    case Style::kYellow:
      return "\x1b[33m";
    case Style::kGreen:
      return "\x1b[32m";
    case Style::kCyan:
      return "\x1b[36m";
  }
  return "";
}

Table::Table(std::vector<Column> columns, const Screen& screen)
    : columns_(std::move(columns)), screen_(screen) {
  for (const Column& column : columns_) {
    natural_.push_back(std::max(TextWidth(column.title), column.expected));
    by_rank_.push_back(by_rank_.size());
  }
  std::stable_sort(by_rank_.begin(), by_rank_.end(),
                   [&](size_t a, size_t b) { return columns_[a].rank < columns_[b].rank; });
}

void Table::AddRow(std::vector<Cell> cells) {
  cells.resize(columns_.size());
  rows_.push_back(std::move(cells));
}

void Table::Measure() {
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      natural_[i] = std::max(natural_[i], Width(row[i]));
    }
  }
}

void Table::Shrink(bool to_nothing, std::vector<int>* widths) const {
  for (const size_t i : by_rank_) {
    const int excess = Total(*widths) - screen_.columns;
    int& width = (*widths)[i];
    if (excess <= 0) return;
    const int least = to_nothing ? kNarrowest : columns_[i].least;
    if (width != kLeftOut) width = std::max(width - excess, std::min(width, least));
  }
}

std::vector<int> Table::FittedWidths() const {
  std::vector<int> wanted = natural_;
  if (!screen_.terminal) return wanted;
  std::vector<int> widths = wanted;
  Shrink(false, &widths);
  for (const size_t i : by_rank_) {
    if (Total(widths) <= screen_.columns) break;
    if (!columns_[i].optional) continue;
    wanted[i] = kLeftOut;
    widths = wanted;
    Shrink(false, &widths);
  }
  Shrink(true, &widths);
  return widths;
}

void Table::PrintRow(const std::vector<Cell>& cells, const std::vector<int>& widths,
                     std::ostream& out) const {
  std::string line;
  size_t pending_spaces = 0;  // not at the end of a line
  for (size_t i = 0; i < cells.size(); ++i) {
    if (widths[i] == kLeftOut) continue;
    const std::string text =
        screen_.terminal ? Fit(cells[i], widths[i]) : cells[i].text + cells[i].tail;
    const size_t padding = static_cast<size_t>(std::max(0, widths[i] - TextWidth(text)));
    if (columns_[i].right) pending_spaces += padding;
    if (!text.empty()) {
      line.append(pending_spaces, ' ');
      pending_spaces = 0;
      const std::string_view escape = screen_.color ? StyleEscape(cells[i].style) : "";
      line.append(escape).append(text).append(escape.empty() ? "" : "\x1b[0m");
    }
    if (!columns_[i].right) pending_spaces += padding;
    pending_spaces += kGap;
  }
  out << line << '\n';
}

void Table::PrintTitles(const std::vector<int>& widths, std::ostream& out) const {
  std::string left_out;
  std::vector<Cell> titles;
  titles.reserve(columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    titles.push_back({columns_[i].title, Style::kBold});
    if (widths[i] == kLeftOut) left_out += (left_out.empty() ? "" : ", ") + columns_[i].title;
  }
  if (!left_out.empty()) out << "(too narrow for " << left_out << ")\n";
  PrintRow(titles, widths, out);
}

void Table::Print(std::ostream& out) {
  Measure();
  const std::vector<int> widths = FittedWidths();
  if (!titles_printed_) PrintTitles(widths, out);
  titles_printed_ = true;
  for (const auto& row : rows_) PrintRow(row, widths, out);
  rows_.clear();
}

}  // namespace nsobs
