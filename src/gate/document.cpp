#include "gate/document.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "base/limits.hpp"
#include "base/utf8.hpp"
#include "gate/limits.hpp"
#include "gate/yaml_expansion.hpp"

namespace colonnade::gate {
namespace {

int line_of(const YAML::Node& node) { return node.Mark().is_null() ? 0 : node.Mark().line + 1; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, text) != words.end();
}

std::string without_underscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

bool has_only(std::string_view text, std::string_view allowed) {
  return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

// Base 60: 1:30 is 90. `whole` says whether the last part may have no fraction.
bool is_sexagesimal(std::string_view text, bool whole) {
  text = without_sign(text);
  if (!text.contains(':') || text.empty() || !is_digit(text.front())) return false;
  if (whole && text.front() == '0') return false;
  std::size_t colon = text.find(':');
  if (!has_only(text.substr(0, colon), "0123456789_")) return false;
  text.remove_prefix(colon + 1);
  for (;;) {
    colon = text.find(':');
    std::string_view part = text.substr(0, colon);
    if (colon == std::string_view::npos && !whole) {
      const std::size_t point = part.find('.');
      if (point == std::string_view::npos) return false;
      if (part.size() > point + 1 && !has_only(part.substr(point + 1), "0123456789_")) return false;
      part = part.substr(0, point);
    }
    const bool fits = has_only(part, "0123456789") &&
                      (part.size() == 1 || (part.size() == 2 && part.front() < '6'));
    if (!fits) return false;
    if (colon == std::string_view::npos) return true;
    text.remove_prefix(colon + 1);
  }
}

bool is_float(std::string_view text) {
  const bool has_sign = text.starts_with('-') || text.starts_with('+');
  std::string_view rest = without_sign(text);
  const std::size_t point = rest.find('.');
  if (point == std::string_view::npos) return false;
  const std::string_view before = rest.substr(0, point);
  rest.remove_prefix(point + 1);
  if (!before.empty() && (!is_digit(before.front()) || !has_only(before, "0123456789_"))) {
    return false;
  }
  if (before.empty() && (has_sign || rest.empty() || !is_digit(rest.front()))) return false;
  const std::size_t e = rest.find_first_of("eE");
  const std::string_view after = rest.substr(0, e);
  if (!after.empty() && !has_only(after, "0123456789_")) return false;
  if (e == std::string_view::npos) return true;
  const std::string_view exponent = rest.substr(e + 1);
  return exponent.size() > 1 && without_sign(exponent).size() == exponent.size() - 1 &&
         has_only(without_sign(exponent), "0123456789");
}

bool is_date(std::string_view text) {
  const auto shape = [&](std::string_view form) {
    return text.size() >= form.size() &&
           std::ranges::equal(text.substr(0, form.size()), form,
                              [](char c, char f) { return f == '0' ? is_digit(c) : c == f; });
  };
  if (shape("0000-00-00") && text.size() == 10) return true;
  // With a time behind: any of the spellings of YAML 1.1.
  if (!shape("0000-0")) return false;
  const std::size_t clock = text.find_first_of("Tt \t");
  return clock != std::string_view::npos && clock >= 8 && text.find(':', clock) != text.npos &&
         has_only(text.substr(0, clock), "0123456789-");
}

Value integer_of(std::string_view digits, int base, bool negative, const DocumentError& where) {
  if (base == 10) {
    std::string out(digits);
    out.erase(0, std::min(out.find_first_not_of('0'), out.size() - 1));
    if (out.size() > 308) throw where;
    if (negative && out != "0") out.insert(0, "-");
    return Value::Integer{std::move(out)};
  }
  std::uint64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number, base);
  if (parsed.ec != std::errc() || parsed.ptr != end) throw where;
  return Value::Integer{(negative && number != 0 ? "-" : "") + std::to_string(number)};
}

Value real_of(const std::string& text, const DocumentError& where) {
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  double number = 0;
  const char* end = digits.data() + digits.size();
  if (std::from_chars(digits.data(), end, number).ec != std::errc() || !std::isfinite(number)) {
    throw where;
  }
  return Value(number);
}

// Every value of base 60 is a sum of whole parts; the last may have a fraction.
Value sexagesimal_of(std::string_view text, bool whole, const DocumentError& where) {
  const bool negative = text.starts_with('-');
  text = without_sign(text);
  double sum = 0;
  while (!text.empty()) {
    const std::size_t colon = text.find(':');
    double part = 0;
    const std::string_view digits = text.substr(0, colon);
    std::from_chars(digits.data(), digits.data() + digits.size(), part);
    sum = sum * 60 + part;
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  constexpr double exact_max = 9007199254740992.0;
  if (sum > exact_max) throw where;
  if (negative) sum = -sum;
  return whole ? Value(static_cast<std::int64_t>(sum)) : Value(sum);
}

// A plain scalar by the rules of YAML 1.1.
Value resolve(const std::string& text, int line) {
  if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) return {};
  if (is_one_of(text, {"yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})) return true;
  if (is_one_of(text, {"no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})) {
    return false;
  }
  const DocumentError wrong{line, "", "the number " + text + " is too large or not finite"};
  const std::string bare = without_underscores(text);
  const std::string_view digits = without_sign(bare);
  const bool negative = text.starts_with('-');
  const std::string_view after_sign = without_sign(text);
  if (is_one_of(after_sign, {".inf", ".Inf", ".INF"})) throw wrong;
  if (is_one_of(text, {".nan", ".NaN", ".NAN"})) throw wrong;
  if (digits.starts_with("0b") && has_only(digits.substr(2), "01")) {
    return integer_of(digits.substr(2), 2, negative, wrong);
  }
  if (digits.starts_with("0x") && has_only(digits.substr(2), "0123456789abcdefABCDEF")) {
    return integer_of(digits.substr(2), 16, negative, wrong);
  }
  if (!after_sign.empty() && is_digit(after_sign.front())) {
    if (after_sign.size() > 1 && after_sign.front() == '0' && has_only(after_sign, "01234567_")) {
      return integer_of(digits, 8, negative, wrong);
    }
    const bool whole = after_sign == "0" || after_sign.front() != '0';
    if (whole && has_only(after_sign, "0123456789_")) {
      return integer_of(digits, 10, negative, wrong);
    }
    if (is_sexagesimal(text, true)) return sexagesimal_of(bare, true, wrong);
    if (is_sexagesimal(text, false)) return sexagesimal_of(bare, false, wrong);
  }
  if (is_float(text)) return real_of(bare, wrong);
  if (is_date(text)) throw DocumentError{line, "", "put the date " + text + " in quotes"};
  return text;
}

// Copies the parser's tree.
class Reader {
 public:
  Document read(const YAML::Node& node, std::size_t depth) {
    Document out;
    out.lines.line = line_of(node);
    if (depth > limits::policy_depth_max)
      throw DocumentError{out.lines.line, "", "nested too deeply"};
    if (++values_ > limits::policy_values_max) {
      throw DocumentError{out.lines.line, "", "too many values in the file"};
    }
    if (node.IsScalar()) {
      out.value = scalar(node, out.lines.line);
    } else if (node.IsSequence()) {
      Value::Array items;
      for (const auto& item : node) {
        Document read_item = read(item, depth + 1);
        items.push_back(std::move(read_item.value));
        out.lines.children.push_back(std::move(read_item.lines));
      }
      out.value = std::move(items);
    } else if (node.IsMap()) {
      read_members(node, depth, out);
    }
    return out;
  }

 private:
  static Value scalar(const YAML::Node& node, int line) {
    const std::string& tag = node.Tag();
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return node.Scalar();
    if (!tag.empty() && tag != "?")
      throw DocumentError{line, "", "the tag " + tag + " is not supported"};
    return resolve(node.Scalar(), line);
  }

  void read_members(const YAML::Node& node, std::size_t depth, Document& out) {
    Value::Object members;
    std::set<std::string> seen;
    for (const auto& pair : node) {
      const int line = line_of(pair.first);
      std::string key = key_of(pair.first, line);
      if (!seen.insert(key).second) {
        throw DocumentError{line, "", "the key \"" + key + "\" is repeated; keep one"};
      }
      Document member = read(pair.second, depth + 1);
      // An empty value has no place of its own.
      if (member.value.is_null() || member.lines.line == 0) member.lines.line = line;
      members.push_back({.key = std::move(key), .value = std::move(member.value)});
      out.lines.children.push_back(std::move(member.lines));
    }
    out.value = std::move(members);
  }

  static std::string key_of(const YAML::Node& node, int line) {
    if (!node.IsScalar()) throw DocumentError{line, "", "a key must be a string"};
    if (node.Tag() != "!" && node.Scalar() == "<<") {
      throw DocumentError{line, "", "merge keys (<<) are not supported; write the keys out"};
    }
    const Value key = scalar(node, line);
    if (key.text() == nullptr) {
      throw DocumentError{line, "",
                          "the key " + node.Scalar() + " is " + std::string(key.kind()) +
                              " in YAML; put it in quotes if a string is meant"};
    }
    return *key.text();
  }

  std::size_t values_ = 0;
};

}  // namespace

const Lines& Lines::at(std::size_t i) const {
  static const Lines unknown;
  return i < children.size() ? children[i] : unknown;
}

base::Error to_error(const DocumentError& broken, std::string_view name) {
  std::string message(name);
  if (broken.line > 0) message += ":" + std::to_string(broken.line);
  if (!broken.path.empty()) message += ": " + broken.path;
  message += ": " + broken.message;
  return {.kind = base::ErrorKind::invalid, .message = std::move(message), .field = broken.path};
}

base::Result<Document> parse_document(std::string_view text, std::string_view name) {
  const auto broken = [&](int line, std::string message) {
    return base::fail(to_error({.line = line, .path = "", .message = std::move(message)}, name));
  };
  if (text.size() > limits::policy_file_bytes_max) {
    return broken(0, "the file is larger than " +
                         std::to_string(limits::policy_file_bytes_max / limits::MiB) + " MiB");
  }
  if (!base::is_valid_utf8(text)) return broken(0, "the file is not UTF-8");
  try {
    if (auto fault = expansion_fault(text)) return broken(fault->line, std::move(fault->message));
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return Document{};
    if (documents.size() > 1) {
      return broken(line_of(documents[1]), "a second document begins here; keep one");
    }
    return Reader().read(documents[0], 0);
  } catch (const DocumentError& fault) {
    return base::fail(to_error(fault, name));
  } catch (const YAML::Exception& fault) {
    const int line = fault.mark.is_null() ? 0 : fault.mark.line + 1;
    return broken(line, "this is not valid YAML: " + fault.msg);
  }
}

}  // namespace colonnade::gate
