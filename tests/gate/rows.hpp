// The rows of a *.jsonl file outside the repository; none when the file is absent.
#pragma once

#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "gate/value.hpp"

namespace colonnade::tests {

inline std::vector<gate::Value> rows(const std::string& path) {
  std::vector<gate::Value> out;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    auto row = gate::Value::parse(line, path);
    if (!row) throw std::runtime_error(row.error().message);
    out.push_back(*std::move(row));
  }
  return out;
}

inline const gate::Value& at(const gate::Value& row, std::string_view key) {
  const gate::Value* found = row.find(key);
  if (found == nullptr) throw std::runtime_error("a row has no " + std::string(key));
  return *found;
}

inline std::string text(const gate::Value& row, std::string_view key) {
  const std::string* found = at(row, key).text();
  if (found == nullptr) throw std::runtime_error(std::string(key) + " is not text");
  return *found;
}

}  // namespace colonnade::tests
