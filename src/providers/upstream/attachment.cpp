#include "providers/upstream/attachment.hpp"

#include <array>
#include <optional>

#include "base/base64.hpp"
#include "base/utf8.hpp"

namespace colonnade::providers::upstream {
namespace {

struct DataUrl {
  std::string_view mime{};
  bool base64 = false;
  std::string_view data{};
};

// RFC 2397: data:[<mediatype>][;base64],<data>
std::optional<DataUrl> parse_data_url(std::string_view url) {
  if (!url.starts_with("data:")) return std::nullopt;
  const auto comma = url.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  DataUrl out{.data = url.substr(comma + 1)};
  std::string_view head = url.substr(5, comma - 5);
  if (head.ends_with(";base64")) {
    out.base64 = true;
    head.remove_suffix(7);
  }
  out.mime = head.substr(0, head.find(';'));
  return out;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                        hex_digit(text[i + 2]) >= 0;
    if (escape) {
      out.push_back(static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

bool is_image(std::string_view mime) {
  constexpr std::array<std::string_view, 4> known = {"image/jpeg", "image/png", "image/gif",
                                                     "image/webp"};
  for (const auto each : known) {
    if (mime == each) return true;
  }
  return false;
}

bool is_text(std::string_view mime) {
  return mime.starts_with("text/") || mime == "application/json" || mime == "application/xml" ||
         mime == "application/yaml";
}

// An attachment that was not filled in is no place to look either.
bool is_a_place(std::string_view url) {
  return !url.empty() && !url.starts_with("data:") && !url.starts_with("attachment:");
}

Attachment note(const core::FilePart& file, std::string mime, std::string filename) {
  std::string said = "[file \"" + filename + "\"";
  if (!mime.empty()) said += " (" + mime + ")";
  said += is_a_place(file.url) ? " at " + file.url + "]"
                               : " was attached; this model cannot be shown it]";
  return {AttachmentKind::note, std::move(mime), std::move(filename), std::move(said)};
}

}  // namespace

FileForm file_form(std::string_view mime) {
  if (is_image(mime)) return FileForm::image;
  if (mime == "application/pdf") return FileForm::document;
  return is_text(mime) ? FileForm::text : FileForm::none;
}

Attachment attachment_of(const core::FilePart& file) {
  std::string filename = file.filename.empty() ? "attachment" : file.filename;
  std::string mime = file.mime;
  const auto url = parse_data_url(file.url);
  if (mime.empty() && url) mime = url->mime;
  if (mime == "image/jpg") mime = "image/jpeg";

  if (file.url.starts_with("https://")) {
    if (is_image(mime)) return {AttachmentKind::image_link, mime, filename, file.url};
    if (mime == "application/pdf") return {AttachmentKind::document_link, mime, filename, file.url};
  }
  if (url && url->base64 && !url->data.empty()) {
    if (is_image(mime)) return {AttachmentKind::image_data, mime, filename, std::string(url->data)};
    if (mime == "application/pdf") {
      return {AttachmentKind::document_data, mime, filename, std::string(url->data)};
    }
  }
  if (url && is_text(mime)) {
    const auto text = url->base64 ? base::from_loose_base64(url->data) : decode_percent(url->data);
    if (text && !text->empty()) {
      return {AttachmentKind::text, mime, filename, base::replace_invalid_utf8(*text)};
    }
  }
  return note(file, std::move(mime), std::move(filename));
}

}  // namespace colonnade::providers::upstream
