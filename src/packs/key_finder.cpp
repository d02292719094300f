#include "packs/key_finder.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace colonnade::packs {
namespace {

struct KeyForm {
  std::string_view prefix;
  std::size_t characters;  // that follow it at least
};

constexpr std::array<KeyForm, 14> key_forms = {{
    {"sk-ant-", 20},
    {"sk-proj-", 20},
    {"sk-or-", 20},
    {"sk-", 32},
    {"ghp_", 36},
    {"gho_", 36},
    {"ghs_", 36},
    {"github_pat_", 40},
    {"glpat-", 20},
    {"AKIA", 16},
    {"AIza", 35},
    {"xoxb-", 20},
    {"xoxp-", 20},
    {"npm_", 36},
}};
constexpr std::string_view private_key = "-----BEGIN ";
constexpr std::string_view private_key_end = "PRIVATE KEY-----";
constexpr std::size_t kept_bytes = 128;  // longer than any form

bool is_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

bool has_key(std::string_view text, const KeyForm& form) {
  for (std::size_t at = text.find(form.prefix); at != std::string_view::npos;
       at = text.find(form.prefix, at + 1)) {
    // Within a word it is a part of that: "task-…".
    if (at > 0 && is_key_character(text[at - 1])) continue;
    const std::string_view rest = text.substr(at + form.prefix.size());
    const auto end = std::ranges::find_if_not(rest, is_key_character);
    if (static_cast<std::size_t>(end - rest.begin()) >= form.characters) return true;
  }
  return false;
}

bool has_private_key(std::string_view text) {
  for (std::size_t at = text.find(private_key); at != std::string_view::npos;
       at = text.find(private_key, at + 1)) {
    const std::string_view line = text.substr(at, kept_bytes / 2);
    if (line.substr(0, line.find('\n')).contains(private_key_end)) return true;
  }
  return false;
}

}  // namespace

void KeyFinder::take(std::string_view piece) {
  if (found_) return;
  rest_ += piece;
  found_ = has_private_key(rest_) ||
           std::ranges::any_of(key_forms, [this](const KeyForm& f) { return has_key(rest_, f); });
  if (rest_.size() > kept_bytes) rest_.erase(0, rest_.size() - kept_bytes);
}

}  // namespace colonnade::packs
