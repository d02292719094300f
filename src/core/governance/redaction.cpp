#include "core/governance/redaction.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/utf8.hpp"
#include "core/governance/limits.hpp"

namespace colonnade::core {
namespace {

constexpr std::string_view stand_in = "[redacted]";

std::string folded(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == '-' || c == '_') continue;
    out.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  return out;
}

// A word that starts as vendors' keys do and is long enough to be one.
bool looks_like_key(std::string_view text) {
  constexpr std::array<std::string_view, 8> starts = {"sk-",   "sk_",  "ghp_", "gho_",
                                                      "xoxb-", "AKIA", "AIza", "eyJhbGciOi"};
  constexpr std::size_t key_bytes_min = 16;
  return text.size() >= key_bytes_min &&
         std::ranges::any_of(starts, [&](auto start) { return text.starts_with(start); });
}

std::string without_keys(const std::string& text) {
  constexpr std::string_view breaks = " \t\r\n\"'=:,;()[]{}<>";
  std::string out;
  std::size_t at = 0;
  bool after_bearer = false;
  while (at < text.size()) {
    const std::size_t begin = text.find_first_not_of(breaks, at);
    out.append(text, at, (begin == std::string::npos ? text.size() : begin) - at);
    if (begin == std::string::npos) break;
    const std::size_t end = std::min(text.find_first_of(breaks, begin), text.size());
    const std::string_view word = std::string_view(text).substr(begin, end - begin);
    const bool secret = after_bearer || looks_like_key(word);
    out.append(secret ? stand_in : word);
    after_bearer = folded(word) == "bearer";
    at = end;
  }
  return out;
}

}  // namespace

std::vector<std::string> Redaction::default_names() {
  return {"password",      "passwd", "secret",     "token",     "apikey",
          "authorization", "cookie", "privatekey", "credential"};
}

Redaction::Redaction(std::vector<std::string> names) {
  for (const std::string& name : names) {
    if (auto text = folded(name); !text.empty()) names_.push_back(std::move(text));
  }
}

bool Redaction::is_secret(std::string_view name) const {
  const std::string text = folded(name);
  return std::ranges::any_of(names_, [&](const auto& each) { return text.contains(each); });
}

void Redaction::walk(base::Json& tree) const {
  if (tree.is_string()) {
    auto& text = tree.get_ref<std::string&>();
    text = without_keys(text);
    if (text.size() > limits::audit_text_bytes_max) {
      text = std::string(base::cut_utf8(text, limits::audit_text_bytes_max)) + "[cut]";
    }
  } else if (tree.is_object()) {
    for (auto& [name, value] : tree.items()) {
      if (is_secret(name)) {
        value = stand_in;
      } else {
        walk(value);
      }
    }
  } else if (tree.is_array()) {
    for (base::Json& item : tree) walk(item);
  }
}

base::Json Redaction::apply(base::Json tree) const {
  walk(tree);
  return tree;
}

base::Json Redaction::apply_to_text(std::string_view json) const {
  auto tree = base::parse_json(json, "params");
  if (!tree) return {{"unreadable", true}};
  return apply(std::move(*tree));
}

}  // namespace colonnade::core
