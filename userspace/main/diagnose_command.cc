#include "userspace/main/diagnose_command.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/main/finding_page.h"
#include "userspace/main/human_text.h"
#include "userspace/main/json_out.h"
#include "userspace/main/look.h"
#include "userspace/main/page.h"

namespace nsobs {
namespace {

void PrintNothing(const Looked& looked, const Stages& stages, const Console& console) {
  const std::vector<std::string> checked = stages.checked_cases(looked.record);
  Page page(console);
  page.Text(absl::StrCat("nothing wrong found in ", looked.title), 0, Style::kGreen);
  if (!checked.empty()) {
    page.Text(absl::StrCat("checked: ", absl::StrJoin(checked, ", ")), 0, Style::kDim);
  }
}

}  // namespace

Json PrintDiagnosis(const Looked& looked, OutputFormat format, const Stages& stages,
                    const Console& console) {
  const int64_t now = ParseRfc3339(Text(looked.record, "time")).value_or(0);
  Json findings = Json::array();
  for (const Finding& finding : stages.diagnose(looked.record)) {
    findings.push_back(ToJson(finding, now, looked.container));
  }
  if (format != OutputFormat::kTable) {
    JsonWriter writer(format, console.out);
    for (const Json& finding : findings) writer.Add(finding);
    writer.Finish();
  } else if (findings.empty()) {
    PrintNothing(looked, stages, console);
  }
  for (size_t i = 0; format == OutputFormat::kTable && i < findings.size(); ++i) {
    if (i > 0) console.out << "\n";
    PrintFinding(findings[i], looked.record, {}, console);
  }
  console.out.flush();
  return findings;
}

int DiagnoseCommand(const DiagnoseOptions& options, const Stages& stages, const Console& console) {
  const absl::StatusOr<Looked> looked =
      LookNow(options.config, options.target, SectionsOf({}), stages);
  if (!looked.ok()) return console.Fail(looked.status());
  const Json findings = PrintDiagnosis(*looked, options.format, stages, console);
  StoreLook(options.config, *looked, findings, /*baseline=*/false, console);
  return findings.empty() ? kExitNothing : kExitDone;
}

}  // namespace nsobs
