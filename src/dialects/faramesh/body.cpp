#include "dialects/faramesh/body.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "dialects/faramesh/limits.hpp"

namespace colonnade::dialects::faramesh {
namespace {

constexpr std::string_view blanks = " \t\r\n";

// Text that is JSON already is cut up without being read again. Positions are in `text`.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  void skip(char expected) {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == expected) ++at_;
  }
  // The next character that is no blank; '\0' at the end.
  char next() {
    skip_blanks();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  // One whole value.
  std::string_view value() {
    skip_blanks();
    const std::size_t start = at_;
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        skip_string();
        if (depth == 0) break;
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',' || blanks.contains(c))) break;
      ++at_;
      if (c == '{' || c == '[') ++depth;
      if (closes && --depth == 0) break;
    }
    return text_.substr(start, at_ - start);
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && blanks.contains(text_[at_])) ++at_;
  }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_) {
      if (text_[at_] == '\\') ++at_;
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string decoded_text(std::string_view json) {
  const auto text = base::parse_json(json, "text");
  return text && text->is_string() ? text->get<std::string>() : std::string();
}

std::string as_json(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

// How far a reader of JSON gets, for the fault's location.
struct Breakage final : nlohmann::json_sax<base::Json> {
  std::size_t position = 0;
  std::string why{};

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(std::size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t at, const std::string&, const base::Json::exception&) override {
    position = at > 0 ? at - 1 : 0;  // counted from 1, with the character that is wrong
    return false;
  }
};

Faults broken_json(std::string_view text, const base::Error& error, const std::string& location) {
  Breakage breakage;
  base::Json::sax_parse(text, &breakage);
  const std::string context = R"({"error":)" + as_json(error.message) + "}";
  return {{.type = "json_invalid",
           .location = location_of(location, breakage.position),
           .message = "JSON decode error",
           .input = "{}",
           .context = context}};
}

// Absent counts as JSON, as the contract's server has it.
bool is_json(std::string_view content_type) {
  if (content_type.empty()) return true;
  std::string type(content_type.substr(0, content_type.find(';')));
  while (type.ends_with(' ')) type.pop_back();
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return type == "application/json" ||
         (type.starts_with("application/") && type.ends_with("+json"));
}

Faults no_object(const std::string& location, std::string input) {
  return {{.type = "model_attributes_type",
           .location = location,
           .message = "Input should be a valid dictionary or object to extract fields from",
           .input = std::move(input)}};
}

std::string shortened(std::string_view json) {
  if (json.size() <= limits::faramesh_input_echo_bytes_max) return std::string(json);
  return as_json("(" + std::to_string(json.size()) + " bytes)");
}

// nullopt for what is neither.
std::optional<bool> lax_boolean(std::string_view json) {
  std::string word(json);
  if (json.starts_with('"')) word = decoded_text(json);
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  constexpr std::array yes = {"true", "1", "1.0", "t", "yes", "y", "on"};
  constexpr std::array no = {"false", "0", "0.0", "f", "no", "n", "off"};
  if (std::ranges::find(yes, word) != yes.end()) return true;
  if (std::ranges::find(no, word) != no.end()) return false;
  return std::nullopt;
}

}  // namespace

std::string location_of(std::string_view parent, std::string_view name) {
  return std::string(parent.substr(0, parent.size() - 1)) + "," + as_json(name) + "]";
}

std::string location_of(std::string_view parent, std::size_t index) {
  return std::string(parent.substr(0, parent.size() - 1)) + "," + std::to_string(index) + "]";
}

Decoded<std::string_view> object_text(std::string_view json, const std::string& location) {
  const auto tree = base::parse_json(json, "body");
  if (!tree) return std::unexpected(broken_json(json, tree.error(), location));
  if (!tree->is_object()) return std::unexpected(no_object(location, shortened(json)));
  return Scanner(json).value();
}

Decoded<std::string_view> object_body(const net::Request& request) {
  const std::string here = R"(["body"])";
  const std::string_view body = request.body;
  if (!is_json(request.header("Content-Type"))) {
    return std::unexpected(no_object(here, shortened(as_json(body))));
  }
  if (body.find_first_not_of(blanks) == std::string_view::npos || Scanner(body).value() == "null") {
    return std::unexpected(
        Faults{{.type = "missing", .location = here, .message = "Field required"}});
  }
  return object_text(body, here);
}

ObjectReader::ObjectReader(std::string_view text, std::string location)
    : location_(std::move(location)) {
  Scanner scanner(text);
  scanner.skip('{');
  while (scanner.next() == '"') {
    std::string key = decoded_text(scanner.value());
    scanner.skip(':');
    const std::string_view value = scanner.value();
    scanner.skip(',');
    if (members_.size() == limits::faramesh_members_max) {
      add_fault_at(key, "too_long", "Too many members", "null");
      break;
    }
    const auto earlier = std::ranges::find(members_, key, &Member::key);
    if (earlier != members_.end()) {
      earlier->value = value;
    } else {
      members_.push_back({.key = std::move(key), .value = value});
    }
  }
}

const std::string_view* ObjectReader::find(std::string_view name) const {
  const auto found = std::ranges::find(members_, name, &Member::key);
  return found == members_.end() ? nullptr : &found->value;
}

std::string ObjectReader::echo(std::string_view name, std::string_view value) const {
  return !secret_.empty() && name == secret_ ? as_json("**********") : shortened(value);
}

std::string ObjectReader::echo_of_all() const {
  std::string out;
  base::JsonWriter json(out);
  json.object();
  for (const Member& member : members_) json.key(member.key).raw(echo(member.key, member.value));
  json.end_object();
  return shortened(out);
}

void ObjectReader::add_fault_at(std::string_view name, std::string_view type,
                                std::string_view message, std::string input) {
  faults_.push_back({.type = std::string(type),
                     .location = location_of(location_, name),
                     .message = std::string(message),
                     .input = std::move(input)});
}

void ObjectReader::add_fault(std::string_view name, std::string_view type,
                             std::string_view message) {
  const std::string_view* value = find(name);
  add_fault_at(name, type, message, value != nullptr ? echo(name, *value) : echo_of_all());
}

const std::string_view* ObjectReader::required(std::string_view name) {
  known_.emplace_back(name);
  const std::string_view* value = find(name);
  if (value == nullptr) add_fault(name, "missing", "Field required");
  return value;
}

std::string ObjectReader::text(std::string_view name) {
  const std::string_view* value = required(name);
  if (value == nullptr) return {};
  if (value->starts_with('"')) return decoded_text(*value);
  add_fault(name, "string_type", "Input should be a valid string");
  return {};
}

std::optional<std::string> ObjectReader::optional_text(std::string_view name) {
  const std::string_view* value = find(name);
  known_.emplace_back(name);
  if (value == nullptr || *value == "null") return std::nullopt;
  return text(name);
}

std::string ObjectReader::object(std::string_view name) {
  const std::string_view* value = required(name);
  if (value != nullptr && value->starts_with('{')) return std::string(*value);
  if (value != nullptr) add_fault(name, "dict_type", "Input should be a valid dictionary");
  return "{}";
}

std::string ObjectReader::optional_object(std::string_view name) {
  const std::string_view* value = find(name);
  known_.emplace_back(name);
  if (value == nullptr || *value == "null") return "{}";
  return object(name);
}

bool ObjectReader::flag(std::string_view name) {
  const std::string_view* value = required(name);
  if (value == nullptr) return false;
  if (const auto flag = lax_boolean(*value)) return *flag;
  const char first = value->front();
  const bool may_be_one = first == '"' || first == '-' || (first >= '0' && first <= '9');
  if (may_be_one) {
    add_fault(name, "bool_parsing", "Input should be a valid boolean, unable to interpret input");
  } else {
    add_fault(name, "bool_type", "Input should be a valid boolean");
  }
  return false;
}

std::vector<std::string_view> ObjectReader::list(std::string_view name) {
  const std::string_view* value = required(name);
  std::vector<std::string_view> out;
  if (value == nullptr) return out;
  if (!value->starts_with('[')) {
    add_fault(name, "list_type", "Input should be a valid list");
    return out;
  }
  Scanner scanner(*value);
  scanner.skip('[');
  while (scanner.next() != ']' && scanner.next() != '\0') {
    out.push_back(scanner.value());
    scanner.skip(',');
  }
  return out;
}

void ObjectReader::refuse_others() {
  for (const Member& member : members_) {
    if (std::ranges::find(known_, member.key) != known_.end()) continue;
    add_fault_at(member.key, "extra_forbidden", "Extra inputs are not permitted",
                 echo(member.key, member.value));
  }
}

}  // namespace colonnade::dialects::faramesh
