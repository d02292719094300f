// A YAML file as a value, with the line of every part for messages. Scalars are read as YAML 1.1
// has them, as the format's own loader does: `no` is false, `010` is 8, `1e3` is text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gate/value.hpp"

namespace colonnade::gate {

// The lines of a value: `children` are those of its items or members, in their order. Empty for a
// value that came from elsewhere than a file.
struct Lines {
  int line = 0;  // counted from 1; 0 when unknown
  std::vector<Lines> children{};

  const Lines& at(std::size_t i) const;
};

struct Document {
  Value value{};
  Lines lines{};
};

// `name` is the file's name for messages. Errors (ErrorKind::invalid) name file and line: no YAML,
// invalid UTF-8, more than one document, a key used twice or not text, a date (put it in quotes),
// a number that is not finite, a merge key or a tag, limits::policy_* or yaml_alias_* exceeded.
base::Result<Document> parse_document(std::string_view text, std::string_view name);

// "rules[2].match is wrong": where, what and how to mend it, thrown while a document is read.
// Becomes an Error at the edge.
struct DocumentError {
  int line = 0;
  std::string path{};
  std::string message{};
};
base::Error to_error(const DocumentError& broken, std::string_view name);

}  // namespace colonnade::gate
