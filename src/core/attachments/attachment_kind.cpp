#include "core/attachments/attachment_kind.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/utf8.hpp"

namespace colonnade::core {
namespace {

using base::ErrorKind;
using base::fail;
using std::string_view;
using namespace std::string_view_literals;

// The type without its parameters, lower case; "" for what is none.
std::string bare_type(string_view declared) {
  declared = declared.substr(0, declared.find(';'));
  const auto begin = declared.find_first_not_of(" \t");
  if (begin == string_view::npos) return "";
  declared = declared.substr(begin, declared.find_last_not_of(" \t") - begin + 1);
  std::string out(declared);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return out;
}

bool is_type(string_view text) {
  constexpr string_view signs = "!#$&-^_.+";
  const auto token = [&](string_view part) {
    return !part.empty() && part.size() <= 127 && std::ranges::all_of(part, [&](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || signs.find(c) != string_view::npos;
    });
  };
  const auto slash = text.find('/');
  return slash != string_view::npos && token(text.substr(0, slash)) &&
         token(text.substr(slash + 1));
}

struct Signature {
  std::size_t offset = 0;
  string_view bytes;
  string_view mime;
};

constexpr std::array<Signature, 19> signatures{{
    {0, "\x89PNG\r\n\x1a\n"sv, "image/png"},
    {0, "\xff\xd8\xff"sv, "image/jpeg"},
    {0, "GIF87a"sv, "image/gif"},
    {0, "GIF89a"sv, "image/gif"},
    {8, "WEBP"sv, "image/webp"},  // behind RIFF and a size
    {8, "WAVE"sv, "audio/wav"},
    {8, "AVI "sv, "video/x-msvideo"},
    {0, "BM"sv, "image/bmp"},
    {0, "II*\0"sv, "image/tiff"},
    {0, "MM\0*"sv, "image/tiff"},
    {0, "%PDF-"sv, "application/pdf"},
    {0, "ID3"sv, "audio/mpeg"},
    {0, "OggS"sv, "audio/ogg"},
    {0, "fLaC"sv, "audio/flac"},
    {0, "\x1a\x45\xdf\xa3"sv, "video/webm"},
    {0, "PK\x03\x04"sv, "application/zip"},
    {0, "\x1f\x8b"sv, "application/gzip"},
    {0,
     "\x7f"
     "ELF"sv,
     "application/x-executable"},
    {0, "MZ"sv, "application/x-executable"},
}};

bool has_at(string_view bytes, std::size_t offset, string_view wanted) {
  return bytes.size() >= offset + wanted.size() && bytes.substr(offset, wanted.size()) == wanted;
}

// Boxes of ISO media: MP4, QuickTime, HEIC, AVIF.
string_view iso_media(string_view bytes) {
  if (!has_at(bytes, 4, "ftyp")) return {};
  const string_view brand = bytes.size() >= 12 ? bytes.substr(8, 4) : string_view();
  if (brand == "avif" || brand == "avis") return "image/avif";
  if (brand == "heic" || brand == "heix" || brand == "mif1") return "image/heic";
  if (brand == "M4A " || brand == "M4B ") return "audio/mp4";
  if (brand == "qt  ") return "video/quicktime";
  return "video/mp4";
}

string_view sniffed(string_view bytes) {
  if (const string_view media = iso_media(bytes); !media.empty()) return media;
  for (const Signature& each : signatures) {
    if (!has_at(bytes, each.offset, each.bytes)) continue;
    if (each.offset == 8 && !has_at(bytes, 0, "RIFF")) continue;
    // Two letters may begin any text.
    if (each.bytes.size() == 2 && base::is_valid_utf8(bytes)) continue;
    return each.mime;
  }
  // A frame of MPEG audio: eleven bits, then a layer.
  if (bytes.size() > 2 && bytes[0] == '\xff' &&
      (static_cast<unsigned char>(bytes[1]) & 0xE6U) > 0xE0U) {
    return "audio/mpeg";
  }
  return {};
}

AttachmentKind kind_of(string_view mime) {
  if (mime.starts_with("image/")) return AttachmentKind::image;
  if (mime.starts_with("audio/")) return AttachmentKind::audio;
  if (mime.starts_with("video/")) return AttachmentKind::video;
  return AttachmentKind::document;
}

bool is_text(string_view mime) {
  return mime.starts_with("text/") || mime == "application/json" || mime == "application/xml" ||
         mime == "application/yaml" || mime == "image/svg+xml";
}

// Office files are zip files, video files may hold sound alone.
bool may_hold(string_view container, string_view declared) {
  if (container == "application/zip") {
    return declared.starts_with("application/") && declared != "application/pdf";
  }
  if (container == "video/webm") {
    return declared == "audio/webm" || declared == "video/x-matroska" ||
           declared == "audio/x-matroska";
  }
  if (container == "video/mp4") return declared == "audio/mp4" || declared == "audio/x-m4a";
  if (container == "audio/ogg") return declared == "video/ogg" || declared == "application/ogg";
  return false;
}

}  // namespace

base::Result<AttachmentType> attachment_type(string_view declared, string_view bytes) {
  std::string said = bare_type(declared);
  if (!said.empty() && !is_type(said)) {
    return fail(ErrorKind::invalid, "Content-Type is not a media type such as image/png",
                "Content-Type");
  }
  // What a client sends without thinking of it.
  if (said == "application/octet-stream" || said == "application/x-www-form-urlencoded") said = "";
  if (said == "image/jpg") said = "image/jpeg";
  const auto typed = [](std::string mime) {
    const AttachmentKind kind = kind_of(mime);
    return AttachmentType{.kind = kind, .mime = std::move(mime)};
  };
  const std::string found(sniffed(bytes));
  if (!found.empty()) return typed(may_hold(found, said) ? std::move(said) : found);
  const bool text = base::is_valid_utf8(bytes) && bytes.find('\0') == string_view::npos;
  if (said.empty()) return typed(text ? "text/plain" : "application/octet-stream");
  if (is_text(said)) {
    if (!text) {
      return fail(ErrorKind::invalid, "the file is declared as " + said + " and is not UTF-8 text",
                  "Content-Type");
    }
    // A drawing is text to a model, and a page to a browser.
    if (said == "image/svg+xml") return AttachmentType{AttachmentKind::document, std::move(said)};
    return typed(std::move(said));
  }
  const bool known_by_bytes =
      kind_of(said) != AttachmentKind::document || said == "application/pdf";
  if (known_by_bytes) {
    return fail(ErrorKind::invalid,
                "the file is declared as " + said + ", and its bytes are not that", "Content-Type");
  }
  return typed(std::move(said));
}

}  // namespace colonnade::core
