#include "core/attachments/attachment_kind.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/attachments/attachments.hpp"
#include "core/attachments/limits.hpp"

namespace colonnade::core {
namespace {

using namespace std::string_view_literals;

struct Case {
  std::string_view declared;
  std::string_view bytes;
  std::string_view mime;  // "" for refused
  AttachmentKind kind = AttachmentKind::document;
};

constexpr std::string_view png = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"sv;

constexpr Case cases[] = {
    {"image/png", png, "image/png", AttachmentKind::image},
    {"", png, "image/png", AttachmentKind::image},
    {"text/plain", png, "image/png", AttachmentKind::image},
    {"image/jpeg", png, "image/png", AttachmentKind::image},
    {"image/jpg", "\xff\xd8\xff\xe0..", "image/jpeg", AttachmentKind::image},
    {"application/octet-stream", "GIF89a..", "image/gif", AttachmentKind::image},
    {"", "RIFF\1\2\3\4WEBPVP8 ", "image/webp", AttachmentKind::image},
    {"", "RIFF\1\2\3\4WAVEfmt ", "audio/wav", AttachmentKind::audio},
    {"", "0000WEBP", "text/plain"},
    {"", "\xff\xfb\x90\x64", "audio/mpeg", AttachmentKind::audio},
    {"", "OggS\0\2"sv, "audio/ogg", AttachmentKind::audio},
    {"video/ogg", "OggS\0\2"sv, "video/ogg", AttachmentKind::video},
    {"",
     "\0\0\0\x18"
     "ftypmp42"sv,
     "video/mp4", AttachmentKind::video},
    {"audio/mp4",
     "\0\0\0\x18"
     "ftypmp42"sv,
     "audio/mp4", AttachmentKind::audio},
    {"text/html",
     "\0\0\0\x18"
     "ftypavif"sv,
     "image/avif", AttachmentKind::image},
    {"", "%PDF-1.7\n", "application/pdf"},
    {"Application/PDF; charset=x", "%PDF-1.7\n", "application/pdf"},
    {"application/zip", "PK\x03\x04..", "application/zip"},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document", "PK\x03\x04..",
     "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"image/png", "PK\x03\x04..", "application/zip"},
    {"text/csv; charset=utf-8", "a,b\n", "text/csv"},
    {"application/json", "{}", "application/json"},
    {"image/svg+xml", "<svg/>", "image/svg+xml"},
    {"", "plain words", "text/plain"},
    {"", "BM is no picture when all of it is text", "text/plain"},
    {"", "\x01\x02\0\x03"sv, "application/octet-stream"},
    {"", "caf\xe9", "application/octet-stream"},
    {"application/x-thing", "\x01\x02\0\x03"sv, "application/x-thing"},

    // What it is declared to be, and is not.
    {"image/png", "<script>alert(1)</script>", ""},
    {"audio/mpeg", "words", ""},
    {"video/mp4", "words", ""},
    {"application/pdf", "words", ""},
    {"text/plain", "caf\xe9", ""},
    {"application/json", "{\"a\":\"\xff\"}", ""},
    {"nonsense", "words", ""},
    {"text/", "words", ""},
    {"text/pl ain", "words", ""},
};

TEST(AttachmentType, ByItsBytesAndByWhatItIsDeclaredToBe) {
  for (const Case& each : cases) {
    const auto type = attachment_type(each.declared, each.bytes);
    EXPECT_EQ(type ? type->mime : "", each.mime) << each.declared << " with " << each.bytes;
    if (!type) {
      EXPECT_EQ(type.error().field, "Content-Type");
      continue;
    }
    EXPECT_EQ(type->kind, each.kind) << type->mime;
  }
}

TEST(AttachmentName, HasNoFolderAndNoControlCharacters) {
  EXPECT_EQ(clean_file_name("report.pdf"), "report.pdf");
  EXPECT_EQ(clean_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(clean_file_name("C:\\Users\\ann\\plan.txt"), "plan.txt");
  EXPECT_EQ(clean_file_name(" a\r\nb\t\x7f\"c.txt "), "abc.txt");
  EXPECT_EQ(clean_file_name("été 漢.txt"), "été 漢.txt");
  EXPECT_EQ(clean_file_name("a\xff"), "a\uFFFD");
  for (const char* empty : {"", " ", "/", "..", "a/.", "\n"}) {
    EXPECT_EQ(clean_file_name(empty), "attachment") << empty;
  }
  EXPECT_LE(clean_file_name(std::string(1000, 'x')).size(), limits::attachment_name_bytes_max);
}

TEST(AttachmentUrl, NamesTheAttachment) {
  EXPECT_EQ(attachment_id_of({.url = "attachment:abc"}), "abc");
  EXPECT_EQ(attachment_id_of({.url = "data:,attachment:abc"}), std::nullopt);
  EXPECT_EQ(attachment_id_of({.url = "https://example.org/a"}), std::nullopt);
}

}  // namespace
}  // namespace colonnade::core
