#include "core/spans/trace_parent.hpp"

#include <cstddef>

namespace colonnade::core {
namespace {

constexpr std::size_t trace_id_size = 32;
constexpr std::size_t span_id_size = 16;
constexpr std::size_t version_00_size = 55;  // 00-<32>-<16>-<2>

bool is_lower_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_id(std::string_view text, std::size_t size) {
  return text.size() == size && is_lower_hex(text) &&
         text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

bool is_trace_id(std::string_view text) { return is_id(text, trace_id_size); }

TraceParent trace_parent_from(std::string_view header) {
  if (header.size() < version_00_size) return {};
  const std::string_view version = header.substr(0, 2);
  const std::string_view trace_id = header.substr(3, trace_id_size);
  const std::string_view span_id = header.substr(36, span_id_size);
  const std::string_view flags = header.substr(53, 2);
  const bool dashes = header[2] == '-' && header[35] == '-' && header[52] == '-';
  // A later version may have more behind a dash; this one may not.
  const bool ends =
      header.size() == version_00_size || (version != "00" && header[version_00_size] == '-');
  const bool valid = dashes && ends && is_lower_hex(version) && version != "ff" &&
                     is_id(trace_id, trace_id_size) && is_id(span_id, span_id_size) &&
                     is_lower_hex(flags);
  if (!valid) return {};
  return {.trace_id = std::string(trace_id), .span_id = std::string(span_id)};
}

std::string traceparent_text(std::string_view trace_id, std::string_view span_id) {
  std::string out = "00-";
  out.append(trace_id).append("-").append(span_id).append("-01");
  return out;
}

}  // namespace colonnade::core
