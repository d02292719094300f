#include "dialects/mcp/arguments.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "dialects/mcp/limits.hpp"
#include "dialects/mcp/message.hpp"

namespace colonnade::dialects::mcp {

using base::Json;

void Arguments::wrong(std::string_view name, const std::string& what) {
  if (fault_) return;
  fault_ = {.kind = base::ErrorKind::invalid,
            .message = "the argument '" + std::string(name) + "' " + what,
            .field = std::string(name)};
}

const Json& Arguments::look(std::string_view name) {
  known_.emplace_back(name);
  return member(object_, name);
}

bool Arguments::has(std::string_view name) const { return !member(object_, name).is_null(); }

std::string Arguments::any_text(std::string_view name) {
  const Json& value = look(name);
  if (value.is_null()) return {};
  if (!value.is_string()) {
    wrong(name, "must be a string");
    return {};
  }
  const auto& text = value.get_ref<const std::string&>();
  if (text.size() > limits::mcp_argument_bytes_max) {
    wrong(name, "is longer than " + std::to_string(limits::mcp_argument_bytes_max) + " bytes");
    return {};
  }
  return text;
}

std::string Arguments::optional_text(std::string_view name) {
  std::string out = any_text(name);
  const bool blank = out.find_first_not_of(" \t\r\n") == std::string::npos;
  if (has(name) && blank && !fault_) wrong(name, "is blank; give a string or leave it out");
  return out;
}

std::string Arguments::text(std::string_view name) {
  if (!has(name)) {
    known_.emplace_back(name);
    wrong(name, "is missing; it must be a string");
    return {};
  }
  return optional_text(name);
}

std::int64_t Arguments::whole(std::string_view name, Range range, std::int64_t otherwise) {
  const Json& value = look(name);
  if (value.is_null()) return otherwise;
  const double number = value.is_number() ? value.get<double>() : 0.5;
  const bool is_whole =
      number == static_cast<double>(static_cast<std::int64_t>(std::clamp(number, -9e15, 9e15)));
  if (is_whole && number >= static_cast<double>(range.least) &&
      number <= static_cast<double>(range.most)) {
    return static_cast<std::int64_t>(number);
  }
  wrong(name, "must be an integer from " + std::to_string(range.least) + " to " +
                  std::to_string(range.most));
  return otherwise;
}

std::optional<double> Arguments::number(std::string_view name, double least, double most) {
  const Json& value = look(name);
  if (value.is_null()) return std::nullopt;
  if (value.is_number() && value.get<double>() >= least && value.get<double>() <= most) {
    return value.get<double>();
  }
  wrong(name, "must be a number from " + base::to_text(least) + " to " + base::to_text(most));
  return std::nullopt;
}

std::string Arguments::one_of(std::string_view name, std::vector<std::string_view> allowed) {
  std::string out = any_text(name);
  if (!has(name) || std::ranges::find(allowed, out) != allowed.end()) return out;
  std::string list;
  for (const std::string_view one : allowed) {
    if (!list.empty()) list += one == allowed.back() ? " or " : ", ";
    list.append("'").append(one).append("'");
  }
  wrong(name, "must be " + list);
  return {};
}

bool Arguments::has_object(std::string_view name) {
  const Json& value = look(name);
  if (value.is_null()) return false;
  if (!value.is_object()) wrong(name, "must be an object");
  return value.is_object();
}

std::optional<base::Error> Arguments::fault() {
  if (fault_ || !object_.is_object()) return fault_;
  for (const auto& [name, value] : object_.items()) {
    if (std::ranges::find(known_, name) != known_.end()) continue;
    std::string list;
    for (const std::string& one : known_) list += (list.empty() ? "" : ", ") + one;
    wrong(shown(name), "is unknown; known are: " + (list.empty() ? "none" : list));
    break;
  }
  return fault_;
}

}  // namespace colonnade::dialects::mcp
