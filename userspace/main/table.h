// A table for people: aligned; on a terminal coloured and fitted to its width, with "…" where text
// was cut; elsewhere plain and whole.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "userspace/main/console.h"

namespace nsobs {

enum class Style { kPlain, kBold, kDim, kRed, kYellow, kGreen, kCyan };

// The escape sequence that begins a style; "" for plain text.
std::string_view StyleEscape(Style style);

struct Cell {
  std::string text;  // has been through ForTerminal()
  Style style = Style::kPlain;
  std::string tail = {};  // stays when the text is cut
};

struct Column {
  std::string title;
  // Who gives way when the terminal is too narrow: the lowest rank first. A column shrinks to
  // `least`; where that isn't enough, optional ones are left out, and the table says so; if even
  // that isn't, columns shrink further.
  int rank = 0;
  int least = 4;
  bool optional = false;
  bool right = false;  // numbers
  int expected = 0;    // width to begin with, for tables that are printed bit by bit
};

class Table {
 public:
  Table(std::vector<Column> columns, const Screen& screen);

  // As many cells as columns.
  void AddRow(std::vector<Cell> cells);

  // Prints the rows added since the last call, the titles before the first. Columns never become
  // narrower from one call to the next.
  void Print(std::ostream& out);

  size_t pending_rows() const { return rows_.size(); }

 private:
  void Measure();
  void Shrink(bool to_nothing, std::vector<int>* widths) const;
  std::vector<int> FittedWidths() const;
  void PrintRow(const std::vector<Cell>& cells, const std::vector<int>& widths,
                std::ostream& out) const;
  void PrintTitles(const std::vector<int>& widths, std::ostream& out) const;

  const std::vector<Column> columns_;
  const Screen screen_;
  std::vector<size_t> by_rank_;
  std::vector<int> natural_;  // widest text of each column so far
  std::vector<std::vector<Cell>> rows_;
  bool titles_printed_ = false;
};

}  // namespace nsobs
