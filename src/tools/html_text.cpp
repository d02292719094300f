#include "tools/html_text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

namespace colonnade::tools {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

void append_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) code = 0xfffd;
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0U | code >> 6U);
    add(0x80U | (code & 0x3fU));
  } else if (code < 0x10000) {
    add(0xe0U | code >> 12U);
    add(0x80U | (code >> 6U & 0x3fU));
    add(0x80U | (code & 0x3fU));
  } else {
    add(0xf0U | code >> 18U);
    add(0x80U | (code >> 12U & 0x3fU));
    add(0x80U | (code >> 6U & 0x3fU));
    add(0x80U | (code & 0x3fU));
  }
}

struct Entity {
  std::string_view name;
  std::uint32_t code;
};
constexpr std::array entities = {
    Entity{"amp", '&'},       Entity{"lt", '<'},       Entity{"gt", '>'},
    Entity{"quot", '"'},      Entity{"apos", '\''},    Entity{"nbsp", ' '},
    Entity{"copy", 0xa9},     Entity{"mdash", 0x2014}, Entity{"ndash", 0x2013},
    Entity{"hellip", 0x2026}, Entity{"rsquo", 0x2019}, Entity{"lsquo", 0x2018},
    Entity{"rdquo", 0x201d},  Entity{"ldquo", 0x201c}, Entity{"euro", 0x20ac},
};

constexpr std::array blocks = {"address", "article", "aside", "blockquote", "br", "dd",
                               "div",     "dl",      "dt",    "footer",     "h1", "h2",
                               "h3",      "h4",      "h5",    "h6",         "hr", "header",
                               "li",      "main",    "nav",   "ol",         "p",  "pre",
                               "section", "table",   "title", "tr",         "ul"};

class Stripper {
 public:
  explicit Stripper(std::string_view html) : html_(html) {}

  std::string text() {
    while (at_ < html_.size()) {
      const char c = html_[at_];
      if (c == '<' && tag()) continue;
      if (c == '&' && entity()) continue;
      ++at_;
      is_space(c) ? gap(false) : put(c);
    }
    return std::move(out_);
  }

 private:
  // White space is kept back until something follows it.
  void gap(bool line) {
    if (line) {
      line_ = true;
    } else {
      space_ = true;
    }
  }
  void put(char c) {
    flush();
    out_ += c;
  }
  void flush() {
    if (!out_.empty() && (line_ || space_)) out_ += line_ ? '\n' : ' ';
    line_ = space_ = false;
  }

  bool tag() {
    const std::string_view rest = html_.substr(at_);
    if (rest.starts_with("<!--")) {
      skip_behind("-->", 4);
      return true;
    }
    const bool closing = rest.starts_with("</");
    std::size_t end = closing ? 2 : 1;
    std::string name;
    while (end < rest.size() && !is_space(rest[end]) && rest[end] != '>' && rest[end] != '/') {
      name += lower(rest[end++]);
    }
    const bool is_tag =
        !name.empty() && ((name[0] >= 'a' && name[0] <= 'z') || name[0] == '!' || name[0] == '?');
    if (!is_tag) return false;  // a lone '<'
    leave_tag(end);
    if (!closing && (name == "script" || name == "style" || name == "noscript" ||
                     name == "template" || name == "svg")) {
      skip_element(name);
    }
    if (std::ranges::find(blocks, name) != blocks.end()) gap(true);
    return true;
  }

  // Moves behind the tag's '>', which may be in a quoted value before.
  void leave_tag(std::size_t offset) {
    char quote = 0;
    at_ += offset;
    while (at_ < html_.size()) {
      const char c = html_[at_++];
      if (quote != 0) {
        if (c == quote) quote = 0;
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '>') {
        return;
      }
    }
  }

  void skip_behind(std::string_view mark, std::size_t offset) {
    const std::size_t found = html_.find(mark, at_ + offset);
    at_ = found == std::string_view::npos ? html_.size() : found + mark.size();
  }

  void skip_element(const std::string& name) {
    const std::string end = "</" + name;
    const auto rest = html_.substr(at_);
    const auto found = std::ranges::search(rest, end, {}, lower);
    at_ += static_cast<std::size_t>(found.begin() - rest.begin());
    if (at_ < html_.size()) leave_tag(end.size());
  }

  bool entity() {
    constexpr std::size_t entity_bytes_max = 12;
    const std::size_t end = html_.substr(at_, entity_bytes_max).find(';');
    if (end == std::string_view::npos) return false;
    std::string_view name = html_.substr(at_ + 1, end - 1);
    std::uint32_t code = 0;
    if (name.starts_with('#')) {
      name.remove_prefix(1);
      const bool hex = name.starts_with('x') || name.starts_with('X');
      if (hex) name.remove_prefix(1);
      const auto [stop, error] =
          std::from_chars(name.data(), name.data() + name.size(), code, hex ? 16 : 10);
      if (error != std::errc{} || stop != name.data() + name.size()) return false;
    } else {
      const auto found = std::ranges::find(entities, name, &Entity::name);
      if (found == entities.end()) return false;
      code = found->code;
    }
    at_ += end + 1;
    if (code == ' ') {
      gap(false);
    } else {
      flush();
      append_utf8(out_, code);
    }
    return true;
  }

  std::string_view html_;
  std::size_t at_ = 0;
  std::string out_;
  bool space_ = false;
  bool line_ = false;
};

}  // namespace

std::string html_text(std::string_view html) { return Stripper(html).text(); }

}  // namespace colonnade::tools
