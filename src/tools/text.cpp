#include "tools/text.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "tools/limits.hpp"

namespace colonnade::tools {

bool is_binary(std::string_view bytes) {
  return bytes.substr(0, limits::binary_probe_bytes).contains('\0');
}

std::string_view next_line(std::string_view text, std::size_t& at) {
  const std::size_t end = std::min(text.find('\n', at), text.size());
  std::string_view line = text.substr(at, end - at);
  at = std::min(end + 1, text.size());
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string shown_line(std::string_view line, std::size_t bytes_max) {
  if (line.size() <= bytes_max) return std::string(line);
  return std::string(base::cut_utf8(line, bytes_max)) + " [… " + std::to_string(line.size()) +
         " bytes]";
}

}  // namespace colonnade::tools
