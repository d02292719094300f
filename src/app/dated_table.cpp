#include "app/dated_table.hpp"

namespace colonnade::app {
namespace {

using Kind = yaml::Value::Kind;

constexpr std::string_view built_in_table = "built-in";

std::string read(const yaml::Value& root, std::string_view rows, const ReadRow& read_row,
                 bool* extends) {
  std::string dated;
  expect(root, Kind::map, "dated: … and " + std::string(rows) + ": …");
  for (const yaml::Entry& entry : root.entries) {
    if (entry.key == "dated") {
      expect(entry.value, Kind::scalar, "a date");
      dated = entry.value.text;
    } else if (entry.key == "extends" && extends != nullptr) {
      expect(entry.value, Kind::scalar, "built-in");
      *extends = entry.value.text == built_in_table;
      if (!*extends) {
        throw TableError{entry.line,
                         "extends: expected built-in, but found " + yaml::describe(entry.value)};
      }
    } else if (entry.key == rows) {
      expect(entry.value, Kind::map, "a group for each provider");
      for (const yaml::Entry& provider : entry.value.entries) {
        expect(provider.value, Kind::map, "a group for each model");
        for (const yaml::Entry& model : provider.value.entries) read_row(provider.key, model);
      }
    } else {
      throw TableError{entry.line, "unknown key \"" + entry.key + "\"; there are dated" +
                                       (extends != nullptr ? ", extends" : "") + " and " +
                                       std::string(rows)};
    }
  }
  return dated;
}

}  // namespace

void expect(const yaml::Value& value, yaml::Value::Kind kind, std::string_view what) {
  if (value.kind == kind) return;
  throw TableError{value.line,
                   "expected " + std::string(what) + ", but found " + yaml::describe(value)};
}

base::Result<std::string> read_dated_table(std::string_view text, std::string_view file_name,
                                           std::string_view rows, const ReadRow& read_row,
                                           bool* extends) {
  const auto tree = yaml::parse(text, file_name);
  if (!tree) return std::unexpected(tree.error());
  try {
    return read(*tree, rows, read_row, extends);
  } catch (const TableError& fault) {
    return base::fail(
        base::ErrorKind::invalid,
        std::string(file_name) + ":" + std::to_string(fault.line) + ": " + fault.message);
  }
}

}  // namespace colonnade::app
