#include "packs/entry_name.hpp"

#include <locale.h>
#include <algorithm>
#include <array>
#include <cstddef>
#include <cwctype>
#include <optional>
#include <utility>

#include "base/utf8.hpp"
#include "base/visible_text.hpp"
#include "core/packs/limits.hpp"

namespace colonnade::packs {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t name_shown_bytes = 120;

// The device names of Windows, which has them in every folder, with any ending.
constexpr std::array<std::string_view, 6> device_names = {"con", "prn",    "aux",
                                                          "nul", "conin$", "conout$"};

bool is_device(std::string_view part) {
  std::string stem(part.substr(0, part.find('.')));
  while (!stem.empty() && stem.back() == ' ') stem.pop_back();
  std::ranges::transform(stem, stem.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (std::ranges::find(device_names, stem) != device_names.end()) return true;
  if (!stem.starts_with("com") && !stem.starts_with("lpt")) return false;
  const std::string_view number = std::string_view(stem).substr(3);
  // A digit, also one of those that stand above the line.
  return (number.size() == 1 && number.front() >= '0' && number.front() <= '9') ||
         number == "\u00b9" || number == "\u00b2" || number == "\u00b3";
}

// The next character of valid UTF-8.
char32_t take_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80U ? 1 : lead < 0xE0U ? 2 : lead < 0xF0U ? 3 : 4;
  constexpr std::array<unsigned, 5> lead_bits = {0, 0x7FU, 0x1FU, 0x0FU, 0x07U};
  char32_t out = lead & lead_bits.at(size);
  for (std::size_t i = 1; i < size && i < text.size(); ++i) {
    out = (out << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(std::min(size, text.size()));
  return out;
}

// Marks that stand above or below the letter before them: such a letter can be written in two ways.
bool has_combining_mark(std::string_view text) {
  while (!text.empty()) {
    const char32_t c = take_character(text);
    if ((c >= 0x300 && c <= 0x36F) || (c >= 0x1AB0 && c <= 0x1AFF) ||
        (c >= 0x1DC0 && c <= 0x1DFF) || (c >= 0x20D0 && c <= 0x20FF) ||
        (c >= 0xFE20 && c <= 0xFE2F)) {
      return true;
    }
  }
  return false;
}

void append_utf8(std::string& out, char32_t c) {
  const auto byte = [&out](char32_t value) { out += static_cast<char>(value); };
  if (c < 0x80) {
    byte(c);
  } else if (c < 0x800) {
    byte(0xC0U | (c >> 6U));
    byte(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    byte(0xE0U | (c >> 12U));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  } else {
    byte(0xF0U | (c >> 18U));
    byte(0x80U | ((c >> 12U) & 0x3FU));
    byte(0x80U | ((c >> 6U) & 0x3FU));
    byte(0x80U | (c & 0x3FU));
  }
}

// The C library's table of letters, whatever language the process has.
locale_t letters() {
  static const locale_t utf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return utf8;
}

// Both ways, so that letters with two small forms fold to one.
char32_t folded(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  if (letters() == nullptr) return c;
  const auto upper = ::towupper_l(static_cast<wint_t>(c), letters());
  return static_cast<char32_t>(::towlower_l(upper, letters()));
}

std::optional<std::string_view> fault_of_part(std::string_view part) {
  if (part.empty()) return "has an empty name in its path";
  if (part == "." || part == "..") return "has \".\" or \"..\" in its path";
  if (part.size() > limits::pack_name_part_bytes_max) return "has a name of more than 255 bytes";
  if (part.back() == '.' || part.back() == ' ') {
    return "has a name that ends with a dot or a blank; some systems leave those out";
  }
  if (is_device(part)) return "has the name of a device on Windows";
  return std::nullopt;
}

std::optional<std::string_view> fault_of_text(std::string_view name, bool is_utf8) {
  if (name.empty()) return "has no name";
  if (name.size() > limits::pack_path_bytes_max) return "has a path of more than 1024 bytes";
  if (name.contains('\0')) return "has a NUL in its name";
  if (!base::is_valid_utf8(name)) return "has a name that is not UTF-8";
  const bool is_ascii = std::ranges::all_of(name, [](char c) { return c >= 0; });
  if (!is_ascii && !is_utf8) {
    return "has a name that is not marked as UTF-8; set bit 11 of its flags";
  }
  if (base::has_hidden(name)) return "has a control or invisible character in its name";
  if (name.contains('\\')) return "has a backslash in its name; use /";
  if (name.contains(':')) return "has a colon in its name";
  if (name.find_first_of("<>\"|?*") != std::string_view::npos) {
    return "has one of < > \" | ? * in its name";
  }
  if (name.starts_with('/')) return "has an absolute path";
  if (has_combining_mark(name)) {
    return "has a combining mark in its name; write the letter as one character (NFC)";
  }
  return std::nullopt;
}

}  // namespace

std::unexpected<base::Error> refused_entry(std::string_view name, std::string_view why) {
  const std::string shown =
      base::escape_hidden_on_one_line(std::string(base::cut_utf8(name, name_shown_bytes)));
  return fail(ErrorKind::invalid, "the archive is refused: \"" + shown + "\" " + std::string(why),
              "archive");
}

std::unexpected<base::Error> refused_archive(std::string_view why) {
  return fail(ErrorKind::invalid, "the archive is refused: it " + std::string(why), "archive");
}

Result<void> check_entry_name(std::string_view name, bool is_utf8) {
  if (const auto fault = fault_of_text(name, is_utf8)) return refused_entry(name, *fault);
  std::string_view rest = name;
  if (rest.ends_with('/')) rest.remove_suffix(1);
  std::size_t depth = 0;
  for (;;) {
    const std::size_t end = rest.find('/');
    if (const auto fault = fault_of_part(rest.substr(0, end))) return refused_entry(name, *fault);
    if (++depth > limits::pack_depth_max) {
      return refused_entry(
          name, "lies more than " + std::to_string(limits::pack_depth_max) + " folders deep");
    }
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
}

std::string folded_entry_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  while (!name.empty()) append_utf8(out, folded(take_character(name)));
  return out;
}

Result<void> EntryNames::add_folder(std::string_view path, std::string_view of) {
  const auto [at, is_new] = by_folded_.try_emplace(
      folded_entry_name(path), Known{.name = std::string(path), .is_folder = true});
  if (is_new) return {};
  if (at->second.name != path) {
    return refused_entry(of,
                         "differs from \"" + at->second.name + "\" only in upper and lower case");
  }
  if (!at->second.is_folder) {
    return refused_entry(of, "needs a folder where there is the file \"" + at->second.name + "\"");
  }
  return {};
}

Result<void> EntryNames::add(std::string_view name) {
  const bool is_folder = name.ends_with('/');
  const std::string_view path = is_folder ? name.substr(0, name.size() - 1) : name;
  for (std::size_t end = path.find('/'); end != std::string_view::npos;
       end = path.find('/', end + 1)) {
    if (auto fits = add_folder(path.substr(0, end), name); !fits) return fits;
  }
  const auto [at, is_new] = by_folded_.try_emplace(
      folded_entry_name(path),
      Known{.name = std::string(path), .is_folder = is_folder, .is_listed = true});
  if (is_new) return {};
  Known& known = at->second;
  if (known.name != path) {
    return refused_entry(name, "differs from \"" + known.name + "\" only in upper and lower case");
  }
  if (known.is_listed || known.is_folder != is_folder) return refused_entry(name, "is there twice");
  known.is_listed = true;
  return {};
}

}  // namespace colonnade::packs
