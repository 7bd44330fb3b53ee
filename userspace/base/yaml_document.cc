#include "userspace/base/yaml_document.h"

#include <yaml-cpp/eventhandler.h>

#include <sstream>

namespace nsobs {
namespace {

// Where the first node of a document stands.
class FirstMark : public YAML::EventHandler {
 public:
  const std::optional<YAML::Mark>& mark() const { return mark_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Note(mark); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { Note(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    Note(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    Note(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    Note(mark);
  }
  void OnMapEnd() override {}

 private:
  void Note(const YAML::Mark& mark) {
    if (!mark_) mark_ = mark;
  }

  std::optional<YAML::Mark> mark_;
};

}  // namespace

YamlDocument LoadYamlDocument(const std::string& text) {
  YamlDocument out;
  std::istringstream stream(text);
  YAML::Parser parser(stream);
  FirstMark first, second;
  if (!parser.HandleNextDocument(first)) return out;
  if (parser.HandleNextDocument(second)) out.more = second.mark().value_or(YAML::Mark());
  out.root = YAML::Load(text);
  return out;
}

}  // namespace nsobs
