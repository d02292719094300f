// The arguments of a tool call, read with names: what is missing, of the wrong type, out of range
// or unknown is remembered, the first of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::dialects::mcp {

class Arguments {
 public:
  // `object` must outlive this.
  explicit Arguments(const base::Json& object) : object_(object) {}

  // Not blank, limits::mcp_argument_bytes_max at most.
  std::string text(std::string_view name);
  // "" when it is absent.
  std::string optional_text(std::string_view name);
  // Any text, blank ones too.
  std::string any_text(std::string_view name);
  struct Range {
    std::int64_t least = 0;
    std::int64_t most = 0;
  };
  // `otherwise` when it is absent.
  std::int64_t whole(std::string_view name, Range range, std::int64_t otherwise);
  std::optional<double> number(std::string_view name, double least, double most);
  // "" when it is absent.
  std::string one_of(std::string_view name, std::vector<std::string_view> allowed);
  bool has_object(std::string_view name);
  bool has(std::string_view name) const;

  // After all others: what was not asked for is a mistake of the caller's.
  // The first fault, as ErrorKind::invalid; the message names the argument and the remedy.
  std::optional<base::Error> fault();

 private:
  const base::Json& look(std::string_view name);
  void wrong(std::string_view name, const std::string& what);

  const base::Json& object_;
  std::vector<std::string> known_{};
  std::optional<base::Error> fault_{};
};

}  // namespace colonnade::dialects::mcp
