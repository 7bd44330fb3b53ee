// The series of one owner: a value by key, in the order of the keys. Some twenty of them for each
// container: so 16 bytes each, and what they read like is put together when they are shown.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "exporters/prometheus/sample.h"

namespace nsobs {

// Not thread-safe. Pointers and references stay valid until the next Add().
class SeriesList {
 public:
  struct Series {
    SampleKey key;
    uint64_t value = 0;
  };

  // nullptr: no such series.
  uint64_t* Find(const SampleKey& key) {
    const auto it = Place(key);
    return it != all_.end() && it->key == key ? &it->value : nullptr;
  }
  // That of before if there is one; else a new one with 0.
  uint64_t& Add(const SampleKey& key) {
    auto it = Place(key);
    if (it == all_.end() || it->key != key) it = all_.insert(it, {key, 0});
    return it->value;
  }

  void Reserve(size_t count) { all_.reserve(count); }
  size_t size() const { return all_.size(); }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  std::vector<Series>::iterator Place(const SampleKey& key) {
    return std::lower_bound(all_.begin(), all_.end(), key,
                            [](const Series& s, const SampleKey& k) { return s.key < k; });
  }

  std::vector<Series> all_;  // by key
};

}  // namespace nsobs
