// bench_timeline ROWS ROUNDS FOLDER: rows that nothing is equal to, written to a timeline in
// FOLDER, against the bare least: the same rows, text and all, inserted into the same tables by
// SQLite. Prints "timeline NS", "bare NS": CPU for each row, median; "body BYTES": of a row's text.
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "userspace/base/clock.h"
#include "userspace/timeline/timeline.h"

namespace nsobs::bench {
namespace {

constexpr size_t kBatch = 1000;
constexpr uint32_t kContainers = 16;
// As userspace/timeline/timeline_file.cc has them, but for the size of the log, which is the
// default.
constexpr char kPragmas[] =
    "PRAGMA page_size=4096; PRAGMA auto_vacuum=INCREMENTAL; PRAGMA journal_mode=WAL;"
    "PRAGMA synchronous=NORMAL; PRAGMA cache_size=-4096; PRAGMA cell_size_check=ON";

using Handle = std::unique_ptr<sqlite3, decltype([](sqlite3* db) { sqlite3_close(db); })>;
using Statement =
    std::unique_ptr<sqlite3_stmt, decltype([](sqlite3_stmt* s) { sqlite3_finalize(s); })>;
using Value =
    std::unique_ptr<sqlite3_value, decltype([](sqlite3_value* v) { sqlite3_value_free(v); })>;
using Rows = std::vector<std::vector<Value>>;

[[noreturn]] void Fail(const std::string& what) {
  fprintf(stderr, "bench_timeline: %s\n", what.c_str());
  exit(1);
}

double CpuNs() {
  timespec ts{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
  return static_cast<double>(ts.tv_sec) * 1e9 + static_cast<double>(ts.tv_nsec);
}

ContainerRef MakeContainer(uint32_t number) {
  auto container = std::make_shared<Container>();
  container->id = std::string(60, 'a') + std::to_string(1000 + number);
  container->name = "web-" + std::to_string(number);
  container->runtime = "podman";
  container->source = "state_file";
  container->certain = true;
  container->cgroup_path = "/machine.slice/libpod-" + container->id + ".scope";
  return container;
}

ObservedEvent MakeEvent(uint32_t number, const ContainerRef& container, const Clock& clock) {
  ObservedEvent out;
  out.event.kind = EventKind::kConnectFailure;
  out.event.boot_ns = clock.BootNs();
  Process& process = out.event.process;
  process.pid = process.tid = 1000 + number % 30000;
  process.ns_pid = 7;
  process.comm = "curl";
  for (NamespaceKind kind : kNamespaceKinds) {
    process.namespaces[kind].inode = 4026531830U + static_cast<uint32_t>(kind);
  }
  ConnectFailure failure;
  failure.family = AF_INET;
  failure.destination =
      "10.1." + std::to_string(number / 250 % 250) + "." + std::to_string(number % 250);
  failure.port = static_cast<uint16_t>(1 + number % 65535);
  failure.source = "10.0.0.7";
  failure.source_port = static_cast<uint16_t>(1 + number % 65535);
  failure.error = ECONNREFUSED;
  failure.duration_ns = 41'000;
  out.event.detail = failure;
  out.wall_ns = out.last_wall_ns = clock.WallNs();
  out.container = container;
  return out;
}

std::vector<ObservedEvent> MakeEvents(uint32_t count, const Clock& clock) {
  std::vector<ContainerRef> containers;
  for (uint32_t i = 0; i < kContainers; ++i) containers.push_back(MakeContainer(i));
  std::vector<ObservedEvent> out;
  for (uint32_t i = 0; i < count; ++i) {
    out.push_back(MakeEvent(i, containers[i % kContainers], clock));
  }
  return out;
}

// CPU for each, as the writer's thread would spend it; copying the events is not its work.
double OfTimeline(const std::string& folder, const std::vector<ObservedEvent>& events,
                  const Clock& clock) {
  TimelineOptions options;
  options.directory = folder;
  TimelineOpenReport report;
  auto timeline = Timeline::Open(options, &clock, &report);
  if (!timeline.ok()) Fail(timeline.status().ToString());
  double spent = 0;
  for (size_t from = 0; from < events.size(); from += kBatch) {
    std::vector<TimelineItem> items;
    for (size_t i = from; i < std::min(from + kBatch, events.size()); ++i) {
      items.emplace_back(TimelineRow{0, events[i]});
    }
    const double start = CpuNs();
    if (absl::Status status = (*timeline)->Write(items); !status.ok()) Fail(status.ToString());
    spent += CpuNs() - start;
  }
  if (absl::Status status = (*timeline)->Close(); !status.ok()) Fail(status.ToString());
  return spent / static_cast<double>(events.size());
}

Handle Open(const std::string& path) {
  sqlite3* raw = nullptr;
  if (sqlite3_open(path.c_str(), &raw) != SQLITE_OK) Fail(path + ": " + sqlite3_errmsg(raw));
  return Handle(raw);
}

void Exec(sqlite3* db, const std::string& sql) {
  if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    Fail(sql + ": " + sqlite3_errmsg(db));
}

Statement Prepare(sqlite3* db, const std::string& sql) {
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db, sql.c_str(), -1, &raw, nullptr) != SQLITE_OK)
    Fail(sql + ": " + sqlite3_errmsg(db));
  return Statement(raw);
}

Rows ReadRows(sqlite3* db) {
  Rows out;
  Statement all = Prepare(db, "SELECT * FROM events ORDER BY id");
  while (sqlite3_step(all.get()) == SQLITE_ROW) {
    std::vector<Value>& row = out.emplace_back();
    for (int i = 0; i < sqlite3_column_count(all.get()); ++i) {
      row.emplace_back(sqlite3_value_dup(sqlite3_column_value(all.get(), i)));
    }
  }
  return out;
}

// Table and indexes as they are in the timeline.
void CopySchema(sqlite3* from, sqlite3* to) {
  Statement all = Prepare(from,
                          "SELECT sql FROM sqlite_schema WHERE tbl_name = 'events' AND sql NOT "
                          "NULL ORDER BY type DESC");
  while (sqlite3_step(all.get()) == SQLITE_ROW) {
    Exec(to, reinterpret_cast<const char*>(sqlite3_column_text(all.get(), 0)));
  }
}

double OfBare(const std::string& source, const std::string& path, size_t* body_bytes) {
  const Handle from = Open(source), to = Open(path);
  Exec(to.get(), kPragmas);
  CopySchema(from.get(), to.get());
  const Rows rows = ReadRows(from.get());
  if (rows.empty()) Fail("nothing was written");
  *body_bytes = static_cast<size_t>(sqlite3_value_bytes(rows.front().back().get()));
  std::string sql = "INSERT INTO events VALUES (?";
  for (size_t i = 1; i < rows.front().size(); ++i) sql += ",?";
  Statement insert = Prepare(to.get(), sql + ")");
  const double start = CpuNs();
  for (size_t at = 0; at < rows.size(); ++at) {
    if (at % kBatch == 0) Exec(to.get(), "BEGIN IMMEDIATE");
    for (size_t i = 0; i < rows[at].size(); ++i) {
      sqlite3_bind_value(insert.get(), static_cast<int>(i + 1), rows[at][i].get());
    }
    if (sqlite3_step(insert.get()) != SQLITE_DONE) Fail(sqlite3_errmsg(to.get()));
    sqlite3_reset(insert.get());
    if (at % kBatch == kBatch - 1 || at + 1 == rows.size()) Exec(to.get(), "COMMIT");
  }
  return (CpuNs() - start) / static_cast<double>(rows.size());
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(values.size() / 2),
                   values.end());
  return values[values.size() / 2];
}

int Main(uint32_t rows, int rounds, const std::string& folder) {
  const SystemClock clock;
  const std::vector<ObservedEvent> events = MakeEvents(rows, clock);
  std::vector<double> timeline, bare;
  size_t body_bytes = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string own = folder + "/timeline-" + std::to_string(i);
    timeline.push_back(OfTimeline(own, events, clock));
    bare.push_back(
        OfBare(own + "/timeline.db", folder + "/bare-" + std::to_string(i), &body_bytes));
    std::filesystem::remove_all(own);
    std::filesystem::remove(folder + "/bare-" + std::to_string(i));
  }
  printf("timeline %.0f\nbare %.0f\nbody %zu\n", Median(timeline), Median(bare), body_bytes);
  return 0;
}

}  // namespace
}  // namespace nsobs::bench

int main(int argc, char** argv) {
  const int rows = argc == 4 ? atoi(argv[1]) : 0, rounds = argc == 4 ? atoi(argv[2]) : 0;
  if (rows <= 0 || rounds <= 0) {
    fprintf(stderr, "usage: bench_timeline ROWS ROUNDS FOLDER\n");
    return 2;
  }
  return nsobs::bench::Main(static_cast<uint32_t>(rows), rounds, argv[3]);
}
