#include "tests/unit/timeline/power_loss.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace nsobs {
namespace {

constexpr size_t kSector = 512;

bool Changes(VfsCall call) {
  return call == VfsCall::kWrite || call == VfsCall::kTruncate || call == VfsCall::kSync ||
         call == VfsCall::kDelete;
}

}  // namespace

void PowerLoss::Opened(const std::string& path) {
  File& file = files_[path];
  if (!file.deleted && (!file.durable.empty() || !file.pending.empty())) return;
  std::ifstream in(path, std::ios::binary);
  if (in && !file.deleted) {
    file.durable.assign(std::istreambuf_iterator<char>(in), {});
  } else {
    file = {.made_durable = false};  // a name that is used again is another file
  }
}

VfsFate PowerLoss::Fate(const VfsOp& op) {
  if (lost_) return {VfsFate::kFail, SQLITE_IOERR};
  const std::string path(op.path);
  if (op.call == VfsCall::kOpen && !path.empty()) Opened(path);
  if (!Changes(op.call)) return {};
  if (++calls_ == at_) {
    lost_ = true;
    return {VfsFate::kFail, SQLITE_IOERR};
  }
  File& file = files_[path];
  if (op.call == VfsCall::kWrite) {
    file.pending.push_back({.offset = op.offset, .data = std::string(op.data)});
  } else if (op.call == VfsCall::kTruncate) {
    file.pending.push_back({.truncates = true, .offset = op.offset});
  } else if (op.call == VfsCall::kDelete) {
    file.deleted = true;
  } else {
    for (const Change& change : file.pending) Apply(change, &file.durable);
    file.pending.clear();
    NamesSynced();
    if (op.suffix() == "-wal") ++log_syncs_;
    return {VfsFate::kSkip};
  }
  return {};
}

void PowerLoss::NamesSynced() {
  std::erase_if(files_, [](const auto& entry) { return entry.second.deleted; });
  for (auto& [path, file] : files_) file.made_durable = true;
}

void PowerLoss::Apply(const Change& change, std::string* content) {
  const auto offset = static_cast<size_t>(change.offset);
  if (change.truncates) {
    content->resize(offset);
    return;
  }
  if (content->size() < offset + change.data.size()) content->resize(offset + change.data.size());
  content->replace(offset, change.data.size(), change.data);
}

void PowerLoss::ApplySome(const Change& change, std::mt19937* random, std::string* content) {
  if (change.truncates) return Apply(change, content);
  for (size_t at = 0; at < change.data.size(); at += kSector) {
    if ((*random)() % 2 == 0) continue;
    Apply({.offset = change.offset + static_cast<int64_t>(at),
           .data = change.data.substr(at, kSector)},
          content);
  }
}

std::string PowerLoss::Content(const File& file, std::mt19937* random) {
  enum { kAll, kNothing, kUpToOne, kAnyOfThem, kAnyPartOfThem };
  const auto way = (*random)() % 5;
  const size_t end = file.pending.empty() ? 0 : (*random)() % file.pending.size();
  std::string content = file.durable;
  for (size_t i = 0; i < file.pending.size(); ++i) {
    const Change& change = file.pending[i];
    const bool whole =
        way == kAll || (way == kUpToOne && i < end) || (way == kAnyOfThem && (*random)() % 2 == 0);
    if (whole) {
      Apply(change, &content);
    } else if ((way == kUpToOne && i == end) || way == kAnyPartOfThem) {
      ApplySome(change, random, &content);
    }
  }
  return content;
}

void PowerLoss::MakeTrue(std::mt19937* random) {
  for (const auto& [path, file] : files_) {
    std::filesystem::remove(path);
    std::filesystem::remove(path + "-shm");  // memory
    if (file.deleted && (*random)() % 2 == 0) continue;
    if (!file.made_durable && (*random)() % 2 == 0) continue;
    std::ofstream(path, std::ios::binary | std::ios::trunc) << Content(file, random);
    std::filesystem::permissions(path, std::filesystem::perms(0600));
  }
}

}  // namespace nsobs
