#include "userspace/main/doctor_command.h"

#include <unistd.h>

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/collector/probe_set.h"
#include "userspace/collector/program_table.h"
#include "userspace/enrichment/engine_report.h"
#include "userspace/main/daemon.h"
#include "userspace/main/host_facts.h"
#include "userspace/main/host_view.h"
#include "userspace/main/json_out.h"
#include "userspace/main/progress.h"
#include "userspace/main/table.h"
#include "userspace/pipeline/file_watch.h"

namespace nsobs {
namespace {

// Of a source: its row of the table and what became of it here.
struct SourceReport {
  const ProgramRow& row;
  const ProbeState& state;
};

std::vector<SourceReport> Reports(const ProbeSet& probes) {
  std::vector<SourceReport> out;
  for (size_t i = 0; i < probes.states().size(); ++i) {
    out.push_back({ProgramTable()[i], probes.states()[i]});
  }
  return out;
}

void PrintFacts(const std::vector<HostFact>& facts, const Console& console) {
  Table table({{"HOST", 1}, {"FINDING", 1}, {"ADVICE", 0, 4, true}}, console.screen);
  for (const HostFact& fact : facts) {
    table.AddRow({{fact.name},
                  {ForTerminal(fact.value), fact.good ? Style::kGreen : Style::kRed},
                  {fact.advice, Style::kDim}});
  }
  table.Print(console.out);
  console.out << "\n";
}

void PrintSources(const std::vector<SourceReport>& reports, const Console& console) {
  Table table({{"SOURCE", 3}, {"HOOK", 2}, {"STATE", 3}, {"COSTS", 1}, {"SEES", 0}},
              console.screen);
  for (const SourceReport& r : reports) {
    const Cell state = r.state.attached ? Cell{"on", Style::kGreen}
                                        : Cell{"off: " + ForTerminal(r.state.reason), Style::kRed};
    table.AddRow({{r.state.source},
                  {r.state.attached ? r.state.hook : std::string(r.row.hook)},
                  state,
                  {r.state.cost},
                  {std::string(r.row.blind), r.state.attached ? Style::kPlain : Style::kYellow}});
  }
  table.Print(console.out);
}

void PrintEngines(const std::vector<EngineReport>& engines, const Console& console) {
  if (engines.empty()) return;
  console.out << "\n";
  Table table({{"ENGINE", 2}, {"SOCKET", 1}, {"UID", 2}, {"ANSWERS", 0}}, console.screen);
  for (const EngineReport& e : engines) {
    table.AddRow({{std::string(Name(e.socket.kind))},
                  {ForTerminal(e.socket.path)},
                  {absl::StrCat(e.socket.uid)},
                  e.answer.ok()
                      ? Cell{"yes: " + ForTerminal(*e.answer), Style::kGreen}
                      : Cell{"no: " + ForTerminal(std::string(e.answer.status().message())),
                             Style::kYellow}});
  }
  table.Print(console.out);
}

Json ToJson(const std::vector<EngineReport>& engines) {
  Json out = Json::array();
  for (const EngineReport& e : engines) {
    const bool answers = e.answer.ok();
    out.push_back({{"engine", Name(e.socket.kind)},
                   {"socket", ToUtf8(e.socket.path)},
                   {"uid", e.socket.uid},
                   {"answers", answers},
                   {"version", answers ? Json(ToUtf8(*e.answer)) : Json(nullptr)},
                   {"reason", answers ? Json(nullptr)
                                      : Json(ToUtf8(std::string(e.answer.status().message())))}});
  }
  return out;
}

Json ToJson(const std::vector<HostFact>& facts, const std::vector<SourceReport>& reports,
            const std::vector<EngineReport>& engines, const absl::Status& self_test) {
  Json out = {{"facts", Json::array()}, {"sources", Json::array()}};
  for (const HostFact& f : facts) {
    out["facts"].push_back(
        {{"name", f.name}, {"value", ToUtf8(f.value)}, {"good", f.good}, {"advice", f.advice}});
  }
  for (const SourceReport& r : reports) {
    out["sources"].push_back({{"source", r.state.source},
                              {"hook", r.state.hook},
                              {"attached", r.state.attached},
                              {"reason", ToUtf8(r.state.reason)},
                              {"cost", r.state.cost},
                              {"sees", r.row.blind}});
  }
  out["engines"] = ToJson(engines);
  out["self_test"] = self_test.ok() ? Json("passed") : Json(std::string(self_test.message()));
  return out;
}

// What would become of each container that --probes.files names.
std::vector<HostFact> FilesFacts(const Config& config) {
  const std::vector<std::string>& words = config.probes.files.containers;
  if (words.empty()) return {};
  const SystemClock clock;
  auto inventory = ScanThisHost(config, &clock);
  if (!inventory.ok()) {
    return {{"file failures", std::string(inventory.status().message()), false, ""}};
  }
  std::vector<HostFact> out;
  for (const WatchedName& name : PlanFileWatch(words, **inventory).names) {
    out.push_back({"files of " + ForTerminal(name.word), name.text, name.good,
                   name.good ? "" : "--probes.files=on looks at all of them"});
  }
  return out;
}

}  // namespace

int DoctorCommand(const DoctorOptions& options, const Console& console) {
  // Loading every program takes some seconds.
  Progress progress(STDERR_FILENO, "loading the BPF programs as run would");
  std::vector<HostFact> facts = CollectHostFacts();
  for (HostFact& fact : FilesFacts(options.config)) facts.push_back(std::move(fact));
  const bool table = options.format == OutputFormat::kTable;
  // Really loaded and attached, for this moment: what is reported is what `run` would get.
  auto probes = ProbeSet::Load(ProbeOptionsOf(options.config), ProbeSettingsOf(options.config));
  if (!probes.ok()) {
    progress.Done();
    if (table) PrintFacts(facts, console);
    return console.Fail(probes.status());
  }
  const absl::Status self_test = (*probes)->SelfTest();
  (*probes)->Attach();
  const std::vector<SourceReport> reports = Reports(**probes);
  std::vector<EngineReport> engines;
  if (options.config.engines.ask != "off") engines = CheckEngines(options.config.engines.deadline);
  progress.Done();
  if (!table) {
    JsonWriter writer(options.format, console.out);
    writer.Add(ToJson(facts, reports, engines, self_test));
    writer.Finish();
  } else {
    PrintFacts(facts, console);
    PrintSources(reports, console);
    PrintEngines(engines, console);
    console.out << "\nself-test (what BPF reads of this process equals /proc/self): "
                << (self_test.ok() ? "passed" : ForTerminal(std::string(self_test.message())))
                << "\n";
  }
  return self_test.ok() ? kExitDone : kExitUnsupported;
}

}  // namespace nsobs
