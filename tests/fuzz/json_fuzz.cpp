// What parses can be written and parses again to the same value; nothing crashes.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "base/json.hpp"
#include "base/utf8.hpp"

using colonnade::base::is_valid_utf8;
using colonnade::base::JsonWriter;
using colonnade::base::parse_json;
using colonnade::base::to_text;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);

  std::string quoted;
  colonnade::base::append_json_string(quoted, bytes);
  const auto string = parse_json(quoted, "string");
  if (!string || !string->is_string()) std::abort();
  if (is_valid_utf8(bytes) && string->get<std::string>() != bytes) std::abort();

  const auto tree = parse_json(bytes, "input");
  if (!tree) return 0;
  const std::string text = to_text(*tree);
  const auto again = parse_json(text, "output");
  if (!again || *again != *tree || to_text(*again) != text) std::abort();
  return 0;
}
