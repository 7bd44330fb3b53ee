#include "userspace/main/top/top_model.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

// Somebody came in: worth a note, but nothing is broken by it.
constexpr char kEntryCase[] = "ns-entry";

// What the newest of the worst says.
struct Headline {
  TopLevel level = TopLevel::kQuiet;
  int64_t wall_ns = 0;
  std::string text;
};

struct Draft {
  TopRow row;
  Headline headline;
  int unseen = 0;
};

class Builder {
 public:
  explicit Builder(int64_t since_wall_ns) : since_wall_ns_(since_wall_ns) {}

  void Add(const TopContainer& container) {
    if (container.died_wall_ns != 0 && container.died_wall_ns < since_wall_ns_) return;
    TopRow& row = Of(container.owner, container.label).row;
    row.known = true;
    row.container = container;
  }

  void Add(const TopEvent& event) {
    if (event.last_wall_ns < since_wall_ns_) return;
    if (event.role == TopRole::kUnseen) {
      ++unseen_;
      return;
    }
    Draft& draft = Of(event.owner, event.label);
    if (event.role == TopRole::kFailure) {
      draft.row.failures += event.count;
      Raise(TopLevel::kFailing, event.last_wall_ns, event.what, &draft);
    } else if (event.role == TopRole::kEntry && !event.by_engine) {
      ++draft.row.strangers;
      Raise(TopLevel::kEntered, event.last_wall_ns, absl::StrCat("entered by ", event.who), &draft);
    }
  }

  void Add(const TopFinding& finding) {
    if (finding.wall_ns < since_wall_ns_) return;
    Draft& draft = Of(finding.owner, finding.label);
    ++draft.row.findings;
    Raise(LevelOf(finding), finding.wall_ns, absl::StrCat(finding.case_id, ": ", finding.summary),
          &draft);
  }

  std::map<std::string, Draft>& drafts() { return drafts_; }
  size_t unseen() const { return unseen_; }

 private:
  Draft& Of(const std::string& owner, const std::string& label) {
    Draft& draft = drafts_[owner];
    if (draft.row.owner.empty()) {
      draft.row.owner = owner;
      draft.row.label = label;
    }
    return draft;
  }

  static void Raise(TopLevel level, int64_t wall_ns, const std::string& text, Draft* draft) {
    TopRow& row = draft->row;
    row.last_wall_ns = std::max(row.last_wall_ns, wall_ns);
    row.level = std::max(row.level, level);
    Headline& headline = draft->headline;
    if (std::tie(level, wall_ns) < std::tie(headline.level, headline.wall_ns)) return;
    headline = {level, wall_ns, text};
  }

  const int64_t since_wall_ns_;
  std::map<std::string, Draft> drafts_;
  size_t unseen_ = 0;
};

bool Contains(std::string_view text, const std::string& lower_part) {
  const std::string lower = absl::AsciiStrToLower({text.data(), text.size()});
  return lower.find(lower_part) != std::string::npos;
}

bool Passes(const TopRow& row, const std::string& filter) {
  if (filter.empty()) return true;
  const std::string part = absl::AsciiStrToLower(filter);
  const TopContainer& c = row.container;
  return Contains(row.label, part) || Contains(c.id, part) || Contains(c.runtime, part) ||
         Contains(c.image, part) || Contains(row.headline, part);
}

// Namespaces that nobody's engine made (units of systemd, `ip netns`) matter least while quiet.
bool IsPlain(const TopRow& row) {
  const std::string& runtime = row.container.runtime;
  return runtime == "systemd" || runtime == "netns" || runtime == "unshare";
}

bool IsTroubleNow(const TopRow& row, int64_t now_wall_ns) {
  return row.level >= TopLevel::kFailing && now_wall_ns - row.last_wall_ns <= kTopNowNs;
}

// The host's programs fail all day; that it is on top takes a finding.
int TroubleRank(const TopRow& row) {
  if (row.owner == kTopHost && row.findings == 0) return -1;
  return static_cast<int>(row.level);
}

bool Before(const TopRow& a, const TopRow& b, TopSort sort, int64_t now_wall_ns) {
  const auto by_name = [](const TopRow& row) { return std::tie(row.label, row.owner); };
  switch (sort) {
    case TopSort::kName:
      break;
    case TopSort::kRecent:
      if (a.last_wall_ns != b.last_wall_ns) return a.last_wall_ns > b.last_wall_ns;
      break;
    case TopSort::kFailures:
      if (a.failures != b.failures) return a.failures > b.failures;
      break;
    case TopSort::kTrouble: {
      const auto key = [&](const TopRow& row) {
        const bool over = row.container.died_wall_ns != 0 && !IsTroubleNow(row, now_wall_ns);
        return std::tuple(over, -TroubleRank(row), -row.last_wall_ns, IsPlain(row));
      };
      if (key(a) != key(b)) return key(a) < key(b);
      break;
    }
  }
  return by_name(a) < by_name(b);
}

void Count(const TopRow& row, int64_t now_wall_ns, TopModel* model) {
  model->failures += row.failures;
  model->findings += row.findings;
  if (row.owner == kTopHost) return;
  ++model->containers;
  if (row.level >= TopLevel::kFailing) ++model->in_trouble;
  if (IsTroubleNow(row, now_wall_ns)) ++model->in_trouble_now;
}

// setns() into several kinds is one entry.
void AddEntry(const TopEvent& event, std::vector<TopStory::Entry>* entries) {
  for (TopStory::Entry& known : *entries) {
    if (known.event->who != event.who) continue;
    for (const std::string& kind : event.kinds) {
      const bool new_kind =
          std::find(known.kinds.begin(), known.kinds.end(), kind) == known.kinds.end();
      if (new_kind && known.kinds.size() < kNamespaceKindCount) known.kinds.push_back(kind);
    }
    return;
  }
  entries->push_back({&event, event.kinds});
}

}  // namespace

TopLevel LevelOf(const TopFinding& finding) {
  if (finding.case_id == kEntryCase) return TopLevel::kEntered;
  if (finding.confidence == "certain") return TopLevel::kCertain;
  return finding.confidence == "likely" ? TopLevel::kLikely : TopLevel::kFailing;
}

std::string_view Name(TopSort sort) {
  switch (sort) {
    case TopSort::kTrouble:
      return "trouble";
    case TopSort::kRecent:
      return "last";
    case TopSort::kFailures:
      return "failures";
    case TopSort::kName:
      return "name";
  }
  return "";
}

TopModel BuildTopModel(const TopStore& store, const TopQuestion& question) {
  Builder builder(question.now_wall_ns - question.window_ns);
  for (const TopContainer& container : store.containers()) builder.Add(container);
  for (const auto& [id, event] : store.events()) builder.Add(event);
  for (const auto& [id, finding] : store.findings()) builder.Add(finding);
  TopModel model;
  model.unseen = builder.unseen();
  for (auto& [owner, draft] : builder.drafts()) {
    draft.row.headline = std::move(draft.headline.text);
    Count(draft.row, question.now_wall_ns, &model);
    if (Passes(draft.row, question.filter)) {
      model.rows.push_back(std::move(draft.row));
    } else {
      ++model.filtered_out;
    }
  }
  std::sort(model.rows.begin(), model.rows.end(), [&](const TopRow& a, const TopRow& b) {
    return Before(a, b, question.sort, question.now_wall_ns);
  });
  return model;
}

TopStory StoryOf(const TopStore& store, const std::string& owner, const TopQuestion& question) {
  const int64_t since = question.now_wall_ns - question.window_ns;
  TopStory story;
  for (auto it = store.events().rbegin(); it != store.events().rend(); ++it) {
    const TopEvent& event = it->second;
    if (event.owner != owner || event.last_wall_ns < since) continue;
    if (event.role == TopRole::kEntry) {
      AddEntry(event, &story.entries);
      continue;
    }
    story.events.push_back(&event);
    if (event.role == TopRole::kFailure) story.failures.push_back(&event);
  }
  for (auto it = store.findings().rbegin(); it != store.findings().rend(); ++it) {
    const TopFinding& finding = it->second;
    if (finding.owner == owner && finding.wall_ns >= since) story.findings.push_back(&finding);
  }
  std::stable_sort(
      story.findings.begin(), story.findings.end(),
      [](const TopFinding* a, const TopFinding* b) { return LevelOf(*a) > LevelOf(*b); });
  return story;
}

}  // namespace nsobs
