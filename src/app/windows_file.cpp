#include "app/windows_file.hpp"

#include <charconv>
#include <string>
#include <vector>

#include "app/dated_table.hpp"
#include "app/files.hpp"
#include "app/yaml.hpp"
#include "core/models/limits.hpp"

namespace colonnade::app {
namespace {

constexpr std::int64_t tokens_max = 1'000'000'000;  // more is a mistake
constexpr std::size_t file_bytes_max = 1024 * 1024;

std::int64_t tokens_of(const yaml::Entry& entry, std::int64_t least) {
  expect(entry.value, yaml::Value::Kind::scalar, "a number of tokens");
  std::int64_t tokens = 0;
  const char* begin = entry.value.text.data();
  const char* end = begin + entry.value.text.size();
  const auto [stopped, error] = std::from_chars(begin, end, tokens);
  if (error != std::errc() || stopped != end || tokens < least || tokens > tokens_max) {
    throw TableError{entry.value.line, entry.key + ": expected a number of tokens, " +
                                           std::to_string(least) + " at least, but found " +
                                           yaml::describe(entry.value)};
  }
  return tokens;
}

core::ModelWindowRow row_of(const std::string& provider, const yaml::Entry& model) {
  core::ModelWindowRow out{.provider = provider, .model = model.key};
  expect(model.value, yaml::Value::Kind::map, "a window: {context: …, output: …}");
  for (const yaml::Entry& entry : model.value.entries) {
    if (entry.key == "context") {
      out.context = tokens_of(entry, limits::context_window_tokens_min);
    } else if (entry.key == "output") {
      out.output = tokens_of(entry, 1);
    } else {
      throw TableError{entry.line,
                       "unknown key \"" + entry.key + "\"; a model has context and output"};
    }
  }
  if (out.context == 0 || out.output == 0) {
    throw TableError{model.line, model.key + ": needs both context and output"};
  }
  return out;
}

}  // namespace

base::Result<core::ModelWindows> parse_windows(std::string_view text, std::string_view name) {
  std::vector<core::ModelWindowRow> rows;
  auto dated = read_dated_table(text, name, "windows",
                                [&](const std::string& provider, const yaml::Entry& model) {
                                  rows.push_back(row_of(provider, model));
                                });
  if (!dated) return std::unexpected(std::move(dated.error()));
  return core::ModelWindows(std::move(rows), std::move(*dated));
}

base::Result<core::ModelWindows> load_windows(const std::string& file) {
  if (file.empty()) return parse_windows(built_in_windows(), "built-in windows");
  const auto text = read_small_file(file, file_bytes_max);
  if (text) return parse_windows(*text, file);
  return base::fail(base::ErrorKind::invalid, "context.windows_file: " + text.error().message,
                    "context.windows_file");
}

}  // namespace colonnade::app
