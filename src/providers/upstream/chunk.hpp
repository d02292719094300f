// One JSON document of a stream, read without building a tree. For the decoders' .cpp files only:
// it shows simdjson.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::providers::upstream {

using Element = simdjson::dom::element;

// Owns the memory of the document parsed last; an Element is good until the next parse().
class ChunkParser {
 public:
  // Broken UTF-8 and lone surrogates are repaired to U+FFFD first. Errors: invalid.
  base::Result<Element> parse(std::string_view text);

 private:
  simdjson::error_code parse_buffer(std::string_view text, Element& out);

  simdjson::dom::parser parser_;
  std::string buffer_;  // the text and the padding that simdjson may read beyond it
};

// Members of an object. Each returns "nothing" when `object` is not an object, has no such member,
// or has one of another type.
std::optional<Element> member(Element object, std::string_view key);
std::optional<Element> object_member(Element object, std::string_view key);
std::string_view text_member(Element object, std::string_view key);  // "" for nothing
std::optional<std::int64_t> integer_member(Element object, std::string_view key);
std::optional<double> number_member(Element object, std::string_view key);
// A count of tokens. More than this, or less than none, is nonsense and no count; so sums of a few
// counts never overflow.
inline constexpr std::int64_t token_count_max = 1'000'000'000'000;
std::optional<std::int64_t> count_member(Element object, std::string_view key);

// The same value as a tree; for the rare blocks that are kept whole.
base::Json tree_of(Element element);

}  // namespace colonnade::providers::upstream
