// Reading a table that the program has built in and an operator may replace: a date, and a row for
// each model of each provider.
//
//   dated: 2026-01-01
//   extends: built-in       (only where the reader takes it)
//   <rows>:
//     <provider>:
//       <model>: {…}
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "app/yaml.hpp"
#include "base/result.hpp"

namespace colonnade::app {

// What is wrong with the file, and where. Row readers throw it.
struct TableError {
  int line;
  std::string message;
};

// Throws TableError unless the value is of this kind; `what` was expected.
void expect(const yaml::Value& value, yaml::Value::Kind kind, std::string_view what);

// Calls `read_row` for each row, in the file's order, and returns the date, "" without one. Errors
// (invalid) name the file, the line and the key. With `extends` the key of that name is known, and
// is put there: the rows are added to those that are built in.
using ReadRow = std::function<void(const std::string& provider, const yaml::Entry& model)>;
base::Result<std::string> read_dated_table(std::string_view text, std::string_view file_name,
                                           std::string_view rows, const ReadRow& read_row,
                                           bool* extends = nullptr);

}  // namespace colonnade::app
