// The title that an untitled thread gets from its first message (fathom §5.2).
#include <cctype>
#include <string>
#include <string_view>

#include "base/utf8.hpp"
#include "core/threads/limits.hpp"
#include "core/threads/threads.hpp"

namespace colonnade::core {
namespace {

constexpr std::size_t title_bytes_max = 60;
constexpr std::string_view fence = "```";
constexpr std::string_view untitled = "New chat";

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

// Drops every fenced block; one that is never closed takes the rest with it.
std::string without_code_blocks(std::string_view text) {
  std::string out;
  for (;;) {
    const auto open = text.find(fence);
    out.append(text.substr(0, open));
    if (open == std::string_view::npos) return out;
    const auto close = text.find(fence, open + fence.size());
    if (close == std::string_view::npos) return out;
    text.remove_prefix(close + fence.size());
  }
}

std::string with_single_spaces(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_space(c)) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

// Up to the first sentence's end; its full stop goes, its question or exclamation mark stays.
std::string_view first_sentence(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c != '.' && c != '?' && c != '!') continue;
    if (i + 1 < text.size() && text[i + 1] != ' ') continue;
    return text.substr(0, c == '.' ? i : i + 1);
  }
  return text;
}

}  // namespace

std::string tidy_title(std::string_view title) {
  std::string out(title);
  for (char& c : out) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  const auto first = out.find_first_not_of(" \t\v\f");
  if (first == std::string::npos) return {};
  out.erase(0, first);
  std::size_t characters = 0;
  std::size_t end = 0;
  for (; end < out.size(); ++end) {
    const bool begins = (static_cast<unsigned char>(out[end]) & 0xC0U) != 0x80U;
    if (begins && ++characters > limits::title_characters_max) break;
  }
  out.resize(end);
  out.resize(out.find_last_not_of(" \t\v\f") + 1);
  return out;
}

std::string auto_title(std::string_view text) {
  const std::string plain = with_single_spaces(without_code_blocks(text));
  std::string_view title = first_sentence(plain);
  if (title.empty()) return std::string(untitled);
  if (title.size() <= title_bytes_max) return std::string(title);
  title = base::cut_utf8(title, title_bytes_max - 1);
  while (!title.empty() && title.back() == ' ') title.remove_suffix(1);
  return std::string(title) + "…";
}

}  // namespace colonnade::core
