#include "core/artifacts/artifact_rules.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "core/artifacts/limits.hpp"
#include "core/attachments/attachment.hpp"

namespace colonnade::core {
namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using std::string_view;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower_text(string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), lower);
  return out;
}

bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Blanks and control characters: what separates attributes, and what a browser skips inside a URL.
bool is_skipped(char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }

// --- character references -----------------------------------------------------------------------

// Those that matter: the letters and signs of what is looked for have no other names.
constexpr std::array<std::pair<string_view, char>, 14> named_references{{{"colon", ':'},
                                                                         {"tab", '\t'},
                                                                         {"newline", '\n'},
                                                                         {"lt", '<'},
                                                                         {"gt", '>'},
                                                                         {"amp", '&'},
                                                                         {"quot", '"'},
                                                                         {"apos", '\''},
                                                                         {"sol", '/'},
                                                                         {"equals", '='},
                                                                         {"nbsp", ' '},
                                                                         {"lpar", '('},
                                                                         {"rpar", ')'},
                                                                         {"num", '#'}}};

struct Reference {
  std::size_t length = 0;  // 0: no reference
  std::string decoded{};   // one character below 128; "" for any other, which is of no matter
};

// Of "&#…", as a browser reads it: the semicolon may be missing, zeros may lead.
Reference numeric_reference(string_view text) {
  std::size_t at = 2;
  const bool hex = at < text.size() && lower(text[at]) == 'x';
  if (hex) ++at;
  std::uint32_t value = 0;
  const std::size_t first = at;
  for (; at < text.size(); ++at) {
    const char c = lower(text[at]);
    std::uint32_t digit = 0;
    if (is_digit(c)) {
      digit = static_cast<std::uint32_t>(c - '0');
    } else if (hex && c >= 'a' && c <= 'f') {
      digit = static_cast<std::uint32_t>(c - 'a' + 10);
    } else {
      break;
    }
    value = std::min<std::uint32_t>(value * (hex ? 16 : 10) + digit, 0x110000);
  }
  if (at == first) return {};
  if (at < text.size() && text[at] == ';') ++at;
  Reference out{.length = at};
  if (value < 0x80) out.decoded = static_cast<char>(value);
  return out;
}

Reference reference_at(string_view text) {
  if (text.size() > 2 && text[1] == '#') return numeric_reference(text);
  for (const auto& [name, character] : named_references) {
    if (text.size() < name.size() + 1) continue;
    if (lower_text(text.substr(1, name.size())) != name) continue;
    std::size_t length = name.size() + 1;
    if (length < text.size() && text[length] == ';') ++length;
    return {.length = length, .decoded = std::string(1, character)};
  }
  return {};
}

std::string decoded_once(string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Reference found = text[at] == '&' ? reference_at(text.substr(at)) : Reference{};
    if (found.length == 0) {
      out += text[at++];
      continue;
    }
    out += found.decoded;
    at += found.length;
  }
  return out;
}

// --- what runs ----------------------------------------------------------------------------------

// Inside a word a browser may skip what is_skipped(); it is left out here altogether.
std::string without_skipped(string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (!is_skipped(c)) out += c;
  }
  return out;
}

// `<script`, `</script`, and with a prefix as svg may have one: `<svg:script`.
bool has_script_element(string_view text) {
  for (std::size_t at = text.find('<'); at != string_view::npos; at = text.find('<', at + 1)) {
    std::size_t name = at + 1;
    while (name < text.size() && (is_skipped(text[name]) || text[name] == '/')) ++name;
    std::size_t end = name;
    while (end < text.size() && !is_skipped(text[end]) && text[end] != '>' && text[end] != '/') {
      ++end;
    }
    string_view element = text.substr(name, end - name);
    if (const auto colon = element.rfind(':'); colon != string_view::npos) {
      element.remove_prefix(colon + 1);
    }
    if (element.starts_with("script")) return true;
  }
  return false;
}

// `on` and letters before an `=`, where an attribute may begin: behind a blank, a slash or the end
// of the value before. Only inside of something that a `<` has opened, so that prose may say "on=".
std::optional<std::string> handler_in(string_view text) {
  bool inside = false;
  for (std::size_t at = 0; at + 2 < text.size(); ++at) {
    const char c = text[at];
    // A `>` inside a quoted value does not end the element, so it ends nothing here: what follows
    // is looked at until the next `<` anyway.
    if (c == '<') inside = true;
    if (!inside) continue;
    const bool begins = is_skipped(c) || c == '/' || c == '"' || c == '\'' || c == '`';
    if (!begins || text[at + 1] != 'o' || text[at + 2] != 'n') continue;
    std::size_t end = at + 3;
    while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) || text[end] == '-' ||
                                 text[end] == '_' || text[end] == ':')) {
      ++end;
    }
    if (end == at + 3) continue;  // "on=" itself is no handler
    std::string name(text.substr(at + 1, end - at - 1));
    while (end < text.size() && is_skipped(text[end])) ++end;
    if (end < text.size() && text[end] == '=') return name;
  }
  return std::nullopt;
}

// Attributes of svg's animations that would set a handler or a URL are covered: they name
// `onclick` without an `=` behind it, or hold the word itself.
bool animates_a_handler(string_view text) {
  const std::string bare = without_skipped(text);
  for (const string_view quote : {"\"", "'", ""}) {
    if (bare.find("attributename=" + std::string(quote) + "on") != std::string::npos) return true;
  }
  return false;
}

Result<void> check_page(string_view content) {
  // A reference may decode to a part of another (`&amp;#106;`): whoever puts the page together
  // again may decode twice, so twice is looked at.
  std::string text = lower_text(content);
  for (int pass = 0; pass < 3; ++pass) {
    if (has_script_element(text)) {
      return fail(ErrorKind::invalid, "the content has a script element; leave it out", "content");
    }
    if (const auto handler = handler_in(text)) {
      return fail(ErrorKind::invalid,
                  "the content has the event handler '" +
                      std::string(base::cut_utf8(*handler, 40)) + "'; leave it out",
                  "content");
    }
    if (animates_a_handler(text)) {
      return fail(ErrorKind::invalid, "the content animates an event handler; leave it out",
                  "content");
    }
    const std::string bare = without_skipped(text);
    for (const string_view scheme : {"javascript:", "vbscript:"}) {
      if (bare.find(scheme) != std::string::npos) {
        return fail(ErrorKind::invalid,
                    "the content has a " + std::string(scheme) + " URL; leave it out", "content");
      }
    }
    std::string decoded = lower_text(decoded_once(text));
    if (decoded == text) break;
    text = std::move(decoded);
  }
  return {};
}

Result<void> check_image(string_view content) {
  const auto end = content.find_last_not_of(" \t\r\n");
  const string_view url = end == string_view::npos ? string_view() : content.substr(0, end + 1);
  const std::string begin = lower_text(url.substr(0, 32));
  if (begin.starts_with("data:image/")) {
    // What is inside an svg runs when it is opened by itself; its text would have to be decoded.
    if (begin.starts_with("data:image/svg")) {
      return fail(ErrorKind::invalid, "an svg image is an artifact of the kind svg", "content");
    }
    if (url.find(',') != string_view::npos) return {};
  }
  const FilePart part{.url = std::string(url.substr(0, 200))};
  const auto id = url.size() < 200 ? attachment_id_of(part) : std::nullopt;
  const auto sane = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; };
  if (id && !id->empty() && std::ranges::all_of(*id, sane)) return {};
  return fail(ErrorKind::invalid,
              "an image is the URL of an attachment (attachment:ID) or a data:image URL",
              "content");
}

}  // namespace

Result<void> check_artifact(ArtifactKind kind, string_view content) {
  if (content.size() > limits::artifact_content_bytes_max) {
    return fail(ErrorKind::too_large,
                "the content has " + std::to_string(content.size()) + " bytes, more than " +
                    std::to_string(limits::artifact_content_bytes_max) +
                    " allowed; make it shorter or make several artifacts",
                "content");
  }
  if (!base::is_valid_utf8(content)) {
    return fail(ErrorKind::invalid, "the content is not UTF-8 text", "content");
  }
  switch (kind) {
    case ArtifactKind::html:
    case ArtifactKind::svg: return check_page(content);
    case ArtifactKind::json: {
      const auto parsed = base::parse_json(content, "json artifact");
      if (parsed) return {};
      return fail(ErrorKind::invalid, "json artifact does not parse: " + parsed.error().message,
                  "content");
    }
    case ArtifactKind::image: return check_image(content);
    case ArtifactKind::markdown:
    case ArtifactKind::code:
    case ArtifactKind::csv: break;
  }
  return {};
}

}  // namespace colonnade::core
