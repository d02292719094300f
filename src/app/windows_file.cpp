#include "app/windows_file.hpp"

#include <charconv>
#include <string>
#include <vector>

#include "app/files.hpp"
#include "app/yaml.hpp"
#include "base/limits.hpp"

namespace colonnade::app {
namespace {

constexpr std::int64_t tokens_max = 1'000'000'000;  // more is a mistake
constexpr std::size_t file_bytes_max = 1024 * 1024;

struct Broken {
  int line;
  std::string message;
};

void expect(const yaml::Value& value, yaml::Value::Kind kind, std::string_view what) {
  if (value.kind == kind) return;
  throw Broken{value.line,
               "expected " + std::string(what) + ", but found " + yaml::describe(value)};
}

std::int64_t tokens_of(const yaml::Entry& entry, std::int64_t least) {
  expect(entry.value, yaml::Value::Kind::scalar, "a number of tokens");
  std::int64_t tokens = 0;
  const char* begin = entry.value.text.data();
  const char* end = begin + entry.value.text.size();
  const auto [stopped, error] = std::from_chars(begin, end, tokens);
  if (error != std::errc() || stopped != end || tokens < least || tokens > tokens_max) {
    throw Broken{entry.value.line, entry.key + ": expected a number of tokens, " +
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
      throw Broken{entry.line, "unknown key \"" + entry.key + "\"; a model has context and output"};
    }
  }
  if (out.context == 0 || out.output == 0) {
    throw Broken{model.line, model.key + ": needs both context and output"};
  }
  return out;
}

core::ModelWindows table_of(const yaml::Value& root) {
  std::vector<core::ModelWindowRow> table;
  std::string dated;
  expect(root, yaml::Value::Kind::map, "dated: … and windows: …");
  for (const yaml::Entry& entry : root.entries) {
    if (entry.key == "dated") {
      expect(entry.value, yaml::Value::Kind::scalar, "a date");
      dated = entry.value.text;
    } else if (entry.key == "windows") {
      expect(entry.value, yaml::Value::Kind::map, "a group for each provider");
      for (const yaml::Entry& provider : entry.value.entries) {
        expect(provider.value, yaml::Value::Kind::map, "a group for each model");
        for (const yaml::Entry& model : provider.value.entries) {
          table.push_back(row_of(provider.key, model));
        }
      }
    } else {
      throw Broken{entry.line, "unknown key \"" + entry.key + "\"; there are dated and windows"};
    }
  }
  return core::ModelWindows(std::move(table), std::move(dated));
}

}  // namespace

base::Result<core::ModelWindows> parse_windows(std::string_view text, std::string_view name) {
  const auto tree = yaml::parse(text, name);
  if (!tree) return std::unexpected(tree.error());
  try {
    return table_of(*tree);
  } catch (const Broken& fault) {
    return base::fail(base::ErrorKind::invalid,
                      std::string(name) + ":" + std::to_string(fault.line) + ": " + fault.message);
  }
}

base::Result<core::ModelWindows> load_windows(const std::string& file) {
  if (file.empty()) return parse_windows(built_in_windows(), "built-in windows");
  const auto text = read_small_file(file, file_bytes_max);
  if (text) return parse_windows(*text, file);
  return base::fail(base::ErrorKind::invalid, "context.windows_file: " + text.error().message,
                    "context.windows_file");
}

}  // namespace colonnade::app
