// YAML as a plain tree with lines, for the files an operator writes. The parser underneath speaks
// YAML 1.1 (`no` is false, `010` is 8); here a scalar stays text that knows whether it was quoted,
// and whoever reads it decides by the type it expects.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace colonnade::app::yaml {

struct Entry;

struct Value {
  enum class Kind { null, scalar, list, map };
  Kind kind = Kind::null;
  int line = 1;                // where the value begins, counted from 1
  std::string text{};          // scalar
  bool quoted = false;         // scalar in quotes, or a block (`|`, `>`)
  std::vector<Value> items{};  // list
  std::vector<Entry> entries;  // map, in the file's order
};

struct Entry {
  std::string key{};
  int line = 1;
  Value value{};
};

constexpr std::size_t file_bytes_max = 1024 * 1024;  // an operator's file; more is a mistake
constexpr int depth_max = 16;                        // nesting of maps and lists
constexpr std::size_t values_max = 100'000;          // nodes, aliases expanded

// `name` is the file's name for messages. Errors (ErrorKind::invalid) name file and line: text that
// is not YAML, more than one document, a key used twice or not a plain word, a limit exceeded.
base::Result<Value> parse(std::string_view text, std::string_view name);
// Reads the file. not_found when there is none.
base::Result<Value> parse_file(const std::string& path);

// "a list", "a group of keys", "nothing", "the text \"x\"" or the scalar itself, for messages.
std::string describe(const Value& value);

}  // namespace colonnade::app::yaml
