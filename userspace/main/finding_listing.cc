#include "userspace/main/finding_listing.h"

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/main/event_summary.h"
#include "userspace/main/human_text.h"

namespace nsobs {
namespace {

std::vector<Column> Columns(const Screen& screen) {
  const int time = screen.terminal ? 18 : 23;
  return {{.title = "ID", .rank = 8, .least = 3, .right = true, .expected = 3},
          {.title = "TIME", .rank = 9, .least = time, .expected = time},
          {.title = "CONTAINER", .rank = 2, .least = 12, .expected = 12},
          {.title = "CASE", .rank = 3, .least = 12, .expected = 16},
          {.title = "CONFIDENCE", .rank = 1, .least = 10, .optional = true, .expected = 10},
          {.title = "SUMMARY", .rank = 0, .least = 40}};
}

}  // namespace

Style StyleOfConfidence(std::string_view confidence) {
  if (confidence == "certain") return Style::kRed;
  if (confidence == "likely") return Style::kYellow;
  return Style::kDim;
}

FindingListing::FindingListing(OutputFormat format, const Console& console)
    : format_(format),
      console_(console),
      writer_(format, console.out),
      table_(Columns(console.screen), console.screen) {}

void FindingListing::Add(const StoredFinding& finding) {
  ++count_;
  if (format_ != OutputFormat::kTable) {
    writer_.AddLine(finding.json);
    return;
  }
  const Json json = Json::parse(finding.json, nullptr, /*allow_exceptions=*/false);
  const std::string time = console_.screen.terminal ? ShortLocalTime(finding.wall_ns, console_.zone)
                                                    : LocalTime(finding.wall_ns, console_.zone);
  const Style style = StyleOfConfidence(finding.confidence);
  table_.AddRow({{absl::StrCat(finding.id)},
                 {time, Style::kDim},
                 {ContainerLabel(Child(json, "container")), Style::kBold},
                 {ForTerminal(finding.case_id), style},
                 {ForTerminal(finding.confidence), style},
                 {ForTerminal(finding.summary)}});
}

void FindingListing::Flush() {
  if (format_ == OutputFormat::kTable && table_.pending_rows() > 0) table_.Print(console_.out);
  console_.out.flush();
}

void FindingListing::Finish() {
  Flush();
  if (format_ != OutputFormat::kTable) writer_.Finish();
  console_.out.flush();
}

}  // namespace nsobs
