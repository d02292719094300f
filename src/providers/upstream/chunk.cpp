#include "providers/upstream/chunk.hpp"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace colonnade::providers::upstream {
namespace {

// The four hex digits of a \u escape at `at` (which points at the backslash); -1 when there is
// none.
int escape_at(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int value = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

constexpr bool is_high_surrogate(int unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
constexpr bool is_low_surrogate(int unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }

// A server that cuts an emoji between two deltas leaves half an escape pair in each; JSON has no
// meaning for it, so each half becomes U+FFFD.
std::string without_lone_surrogates(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const int unit = escape_at(text, i);
    if (is_high_surrogate(unit) && is_low_surrogate(escape_at(text, i + 6))) {
      out.append(text.substr(i, 12));
      i += 12;
    } else if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
      out.append("\\ufffd");
      i += 6;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      out.append(text.substr(i, 2));
      i += 2;
    } else {
      out.push_back(text[i++]);
    }
  }
  return out;
}

}  // namespace

simdjson::error_code ChunkParser::parse_buffer(std::string_view text, Element& out) {
  buffer_.assign(text);
  buffer_.append(simdjson::SIMDJSON_PADDING, '\0');
  if (parser_.max_depth() != limits::json_depth_max) {
    const auto error = parser_.allocate(buffer_.size(), limits::json_depth_max);
    if (error != simdjson::SUCCESS) return error;
  }
  return parser_.parse(buffer_.data(), text.size(), /*realloc_if_needed=*/false).get(out);
}

base::Result<Element> ChunkParser::parse(std::string_view text) {
  Element out;
  auto error = parse_buffer(text, out);
  if (error == simdjson::UTF8_ERROR) {
    const std::string repaired = base::replace_invalid_utf8(text);
    error = parse_buffer(repaired, out);
  }
  if (error == simdjson::STRING_ERROR) {
    const std::string repaired = without_lone_surrogates(base::replace_invalid_utf8(text));
    error = parse_buffer(repaired, out);
  }
  if (error == simdjson::SUCCESS) return out;
  return base::fail(base::ErrorKind::invalid, simdjson::error_message(error));
}

std::optional<Element> member(Element object, std::string_view key) {
  Element out;
  if (object[key].get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<Element> object_member(Element object, std::string_view key) {
  const auto found = member(object, key);
  return found && found->is_object() ? found : std::nullopt;
}

std::string_view text_member(Element object, std::string_view key) {
  std::string_view out;
  if (object[key].get_string().get(out) != simdjson::SUCCESS) return {};
  return out;
}

std::optional<double> number_member(Element object, std::string_view key) {
  double out = 0;
  if (object[key].get_double().get(out) != simdjson::SUCCESS) return std::nullopt;
  return out;
}

std::optional<std::int64_t> integer_member(Element object, std::string_view key) {
  std::int64_t out = 0;
  if (object[key].get_int64().get(out) == simdjson::SUCCESS) return out;
  // Some servers write counts as 12.0.
  const auto number = number_member(object, key);
  if (!number || std::abs(*number) > 9e15) return std::nullopt;
  return static_cast<std::int64_t>(*number);
}

std::optional<std::int64_t> count_member(Element object, std::string_view key) {
  const auto count = integer_member(object, key);
  return count && *count >= 0 && *count <= token_count_max ? count : std::nullopt;
}

base::Json tree_of(Element element) {
  return base::parse_json(simdjson::minify(element), "chunk").value_or(base::Json());
}

}  // namespace colonnade::providers::upstream
