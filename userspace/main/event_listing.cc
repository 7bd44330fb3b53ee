#include "userspace/main/event_listing.h"

#include "userspace/base/sanitize.h"
#include "userspace/main/event_summary.h"
#include "userspace/main/human_text.h"

namespace nsobs {
namespace {

constexpr size_t kRowsAtOnce = 1000;  // of which a table knows the widths before it prints

Style StyleOf(EventWeight severity) {
  switch (severity) {
    case EventWeight::kQuiet:
      return Style::kDim;
    case EventWeight::kGood:
      return Style::kGreen;
    case EventWeight::kNote:
      return Style::kPlain;
    case EventWeight::kWarning:
      return Style::kYellow;
    case EventWeight::kError:
      return Style::kRed;
  }
  return Style::kPlain;
}

// A cut "what" is still of use, a cut time or inode isn't; and "what" gives the kind away.
std::vector<Column> Columns(const Screen& screen) {
  const int time = screen.terminal ? 18 : 23;
  return {{.title = "TIME", .rank = 9, .least = time, .expected = time},
          {.title = "CONTAINER", .rank = 1, .least = 12, .expected = 12},
          {.title = "KIND", .rank = 2, .least = 16, .optional = true, .expected = 16},
          {.title = "NS", .rank = 3, .least = 14, .optional = true, .expected = 14},
          {.title = "WHAT", .rank = 0, .least = 44}};
}

std::string TimeText(const std::optional<int64_t>& time, const Console& console) {
  if (!time) return "?";
  return console.screen.terminal ? ShortLocalTime(*time, console.zone)
                                 : LocalTime(*time, console.zone);
}

}  // namespace

EventListing::EventListing(OutputFormat format, const Console& console)
    : format_(format),
      console_(console),
      writer_(format, console.out),
      table_(Columns(console.screen), console.screen) {}

void EventListing::Add(const std::string& json) {
  ++count_;
  Show(json, /*grown=*/false);
}

void EventListing::AddGrown(const std::string& json) { Show(json, /*grown=*/true); }

void EventListing::Show(const std::string& json, bool grown) {
  if (format_ != OutputFormat::kTable) {
    writer_.AddLine(json);
    return;
  }
  AddRow(Json::parse(json, nullptr, /*allow_exceptions=*/false), grown);
  if (table_.pending_rows() >= kRowsAtOnce) Flush();
}

void EventListing::AddRow(const Json& event, bool grown) {
  if (!event.is_object()) {
    table_.AddRow({{"?"}, {"?"}, {"unreadable"}, {""}, {"a row of the timeline isn't JSON"}});
    return;
  }
  const std::optional<int64_t> time = ParseRfc3339(Text(event, "time"));
  const std::string from = EnteredFrom(event);
  const Style style = StyleOf(WeightOf(event));
  const bool whole = !console_.screen.terminal;
  Cell what{(grown ? "again: " : "") + EventSummary(event, {console_.zone, !whole, whole}), style};
  if (!whole) what.tail = MoreOfTheSame(event);
  if (!from.empty()) what.tail += " [entered from " + from + "]";
  table_.AddRow({{TimeText(time, console_), Style::kDim},
                 {ContainerLabel(Child(event, "container")), Style::kBold},
                 {ForTerminal(Text(event, "kind")), style},
                 {TellingNamespace(event), Style::kDim},
                 std::move(what)});
}

void EventListing::Flush() {
  if (format_ == OutputFormat::kTable && table_.pending_rows() > 0) table_.Print(console_.out);
  console_.out.flush();
}

void EventListing::Finish() {
  Flush();
  if (format_ != OutputFormat::kTable) writer_.Finish();
  console_.out.flush();
}

}  // namespace nsobs
