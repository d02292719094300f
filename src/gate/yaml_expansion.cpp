#include "gate/yaml_expansion.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>
#include <unordered_map>
#include <vector>

namespace colonnade::gate {
namespace {

struct Size {
  std::size_t values = 0;
  std::size_t bytes = 0;

  Size& operator+=(const Size& other) {
    values += other.values;
    bytes += other.bytes;
    return *this;
  }
};

// Adds sizes up as the parser meets values; makes nothing. Faults are thrown.
class Counter final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& /*mark*/) override { sizes_.clear(); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& /*mark*/, YAML::anchor_t anchor) override {
    take(anchor, {.values = 1});
  }
  void OnScalar(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t anchor,
                const std::string& value) override {
    take(anchor, {.values = 1, .bytes = value.size()});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto named = sizes_.find(anchor);
    if (named == sizes_.end()) {
      throw YamlExpansionFault{mark.line + 1, "an alias stands inside the value that it names"};
    }
    added_ += named->second;
    if (added_.values > yaml_alias_values_max || added_.bytes > yaml_alias_bytes_max) {
      throw YamlExpansionFault{
          mark.line + 1, "the aliases stand for more than " +
                             std::to_string(yaml_alias_values_max) + " values or " +
                             std::to_string(yaml_alias_bytes_max) + " bytes; write the values out"};
    }
    add(named->second);
  }
  void OnSequenceStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/,
                       YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({.anchor = anchor});
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& /*mark*/, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open_.push_back({.anchor = anchor});
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YAML::anchor_t anchor = 0;
    Size size{.values = 1};
  };

  void take(YAML::anchor_t anchor, Size size) {
    if (anchor != 0) sizes_[anchor] = size;
    add(size);
  }
  void add(Size size) {
    if (!open_.empty()) open_.back().size += size;
  }
  void close() {
    const Open closed = open_.back();
    open_.pop_back();
    take(closed.anchor, closed.size);
  }

  std::vector<Open> open_{};
  std::unordered_map<YAML::anchor_t, Size> sizes_{};  // of values that an alias may name
  Size added_{};                                      // by aliases
};

}  // namespace

std::optional<YamlExpansionFault> expansion_fault(std::string_view text) {
  // The common text has no alias, and is not read twice.
  if (!text.contains('&') || !text.contains('*')) return std::nullopt;
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  Counter counter;
  try {
    while (parser.HandleNextDocument(counter)) {
    }
  } catch (const YamlExpansionFault& fault) {
    return fault;
  }
  return std::nullopt;
}

}  // namespace colonnade::gate
