#include "userspace/pipeline/mark_facts.h"

#include <string.h>

#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace nsobs {
namespace {

constexpr absl::string_view kMark = "mark";
constexpr absl::string_view kRun = "run.";
constexpr absl::string_view kCount = "count.";
constexpr absl::string_view kLoss = "loss.";

std::string HexOf(const RunBooks::CounterWords& words) {
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(words.data()), sizeof words));
}

std::optional<RunBooks::CounterWords> WordsOf(absl::string_view hex) {
  RunBooks::CounterWords words{};
  if (hex.size() != 2 * sizeof words) return std::nullopt;
  if (hex.find_first_not_of("0123456789abcdef") != absl::string_view::npos) return std::nullopt;
  const std::string bytes = absl::HexStringToBytes(hex);
  memcpy(words.data(), bytes.data(), sizeof words);
  return words;
}

// All of them are numbers; empty if not, or not so many.
std::vector<uint64_t> NumbersOf(absl::string_view text, char by, size_t count) {
  std::vector<uint64_t> out;
  for (const absl::string_view word : absl::StrSplit(text, by)) {
    uint64_t number = 0;
    if (!absl::SimpleAtoi(word, &number)) return {};
    out.push_back(number);
  }
  if (out.size() != count) return {};
  return out;
}

void ReadPosition(const std::string& value, LeftMark* out) {
  const std::vector<std::string> words = absl::StrSplit(value, ' ');
  if (words.size() != 3 || !absl::SimpleAtoi(words[1], &out->critical) ||
      !absl::SimpleAtoi(words[2], &out->bulk)) {
    return;
  }
  out->id = words[0];
}

void ReadRun(absl::string_view key, const std::string& value, LeftMark* out) {
  const std::vector<std::string> words = absl::StrSplit(value, ' ');
  uint64_t slot = 0;
  int64_t row = 0;
  RunBooks::Slot book;
  if (words.size() != 5 || !absl::SimpleAtoi(key, &slot) ||
      !absl::SimpleAtoi(words[0], &book.run) || !absl::SimpleAtoi(words[1], &book.seen[0]) ||
      !absl::SimpleAtoi(words[2], &book.seen[1]) || !absl::SimpleAtoi(words[4], &row)) {
    return;
  }
  const std::optional<RunBooks::CounterWords> counter = WordsOf(words[3]);
  if (!counter) return;
  book.counter = *counter;
  out->books.slots[slot] = book;
  out->rows[slot] = row;
}

void ReadCount(absl::string_view key, const std::string& value, LeftMark* out) {
  const std::optional<RunBooks::CounterWords> counter = WordsOf(key);
  uint64_t count = 0;
  if (counter && absl::SimpleAtoi(value, &count)) out->books.counts[*counter] = count;
}

// "5.1.4026531836.77.3.ring_full"
void ReadLoss(absl::string_view key, const std::string& value, LeftMark* out) {
  const size_t dot = key.rfind('.');
  if (dot == absl::string_view::npos) return;
  const std::vector<uint64_t> n = NumbersOf(key.substr(0, dot), '.', 5);
  OwnerLoss loss;
  if (n.empty() || n[4] >= kEventKindEnd || !absl::SimpleAtoi(value, &loss.value)) return;
  loss.key.cgroup.id = n[0];
  loss.key.cgroup.hierarchy = static_cast<uint32_t>(n[1]);
  loss.key.ns.inode = static_cast<uint32_t>(n[2]);
  loss.key.ns.id = n[3];
  loss.kind = static_cast<EventKind>(n[4]);
  loss.cause = std::string(key.substr(dot + 1));
  out->told.push_back(std::move(loss));
}

}  // namespace

void AppendMark(const std::string& id, const RingMark& mark, std::vector<TimelineFact>* out) {
  out->push_back({std::string(kMark), absl::StrCat(id, " ", mark.critical, " ", mark.bulk)});
  for (const auto& [slot, book] : mark.books.slots) {
    const auto run = mark.run_ids.find(slot);
    const uint64_t run_id = run == mark.run_ids.end() ? 0 : run->second;
    std::string value =
        absl::StrCat(book.run, " ", book.seen[0], " ", book.seen[1], " ", HexOf(book.counter));
    if (run_id == 0) absl::StrAppend(&value, " 0");
    out->push_back({absl::StrCat(kRun, slot), std::move(value), run_id});
  }
  for (const auto& [key, count] : mark.books.counts) {
    out->push_back({absl::StrCat(kCount, HexOf(key)), count == 0 ? "" : absl::StrCat(count)});
  }
}

TimelineFact LossFact(const OwnerLoss& loss) {
  return {absl::StrCat(kLoss, loss.key.cgroup.id, ".", loss.key.cgroup.hierarchy, ".",
                       loss.key.ns.inode, ".", loss.key.ns.id, ".", static_cast<int>(loss.kind),
                       ".", loss.cause),
          absl::StrCat(loss.value)};
}

LeftMark ReadMark(const std::map<std::string, std::string>& facts) {
  LeftMark out;
  for (const auto& [key, value] : facts) {
    absl::string_view name = key;
    if (name == kMark) {
      ReadPosition(value, &out);
    } else if (absl::ConsumePrefix(&name, kRun)) {
      ReadRun(name, value, &out);
    } else if (absl::ConsumePrefix(&name, kCount)) {
      ReadCount(name, value, &out);
    } else if (absl::ConsumePrefix(&name, kLoss)) {
      ReadLoss(name, value, &out);
    }
  }
  return out;
}

}  // namespace nsobs
