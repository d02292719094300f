#include "providers/upstream/attachment.hpp"

#include <gtest/gtest.h>

namespace colonnade::providers::upstream {
namespace {

Attachment of(std::string mime, std::string url) {
  return attachment_of({.mime = std::move(mime), .filename = "f", .url = std::move(url)});
}

TEST(Attachment, TextIsDecoded) {
  EXPECT_EQ(of("text/plain", "data:text/plain;charset=utf-8;base64,aGk=").data, "hi");
  EXPECT_EQ(of("text/plain", "data:text/plain;base64,aGlo").data, "hih");
  EXPECT_EQ(of("text/plain", "data:text/plain;base64,aA").data, "h") << "padding left out";
  EXPECT_EQ(of("", "data:text/csv,a%2Cb%0a").data, "a,b\n");
  EXPECT_EQ(of("text/plain", "data:,100%").data, "100%");
  EXPECT_EQ(of("text/plain", "data:text/plain;base64,/w==").data, "\uFFFD");
}

TEST(Attachment, WhatCannotBeShownBecomesANote) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"image/png", "data:image/png,raw"},      // not base64
      {"image/png", "data:image/png;base64,"},  // empty
      {"image/png", "data:image/png;base64"},   // no comma
      {"image/svg+xml", "data:image/svg+xml;base64,PHN2Zz4="},
      {"image/png", "http://example.org/a.png"},  // not https
      {"text/plain", "data:text/plain;base64,****"},
      {"text/plain", "notes/today.txt"},
      {"", ""}};
  for (const auto& [mime, url] : rows) {
    const Attachment out = of(mime, url);
    EXPECT_EQ(out.kind, AttachmentKind::note) << url;
    EXPECT_EQ(out.data.find("base64"), std::string::npos) << "data is not for a note";
  }
  EXPECT_NE(of("text/plain", "notes/today.txt").data.find("at notes/today.txt"), std::string::npos);
}

TEST(Attachment, OneThatWasNotFilledInIsNoPlaceToLook) {
  const Attachment out = of("image/png", "attachment:0190c4a2");
  EXPECT_EQ(out.kind, AttachmentKind::note);
  EXPECT_EQ(out.data.find("0190c4a2"), std::string::npos) << out.data;
}

TEST(Attachment, FormsByType) {
  EXPECT_EQ(file_form("image/png"), FileForm::image);
  EXPECT_EQ(file_form("image/tiff"), FileForm::none);
  EXPECT_EQ(file_form("application/pdf"), FileForm::document);
  EXPECT_EQ(file_form("text/csv"), FileForm::text);
  EXPECT_EQ(file_form("application/json"), FileForm::text);
  EXPECT_EQ(file_form("audio/mpeg"), FileForm::none);
  EXPECT_EQ(file_form("video/mp4"), FileForm::none);
}

TEST(Attachment, TheTypeOfADataUrlCounts) {
  EXPECT_EQ(of("", "data:image/webp;base64,UklGRg==").kind, AttachmentKind::image_data);
  EXPECT_EQ(of("image/jpg", "data:image/jpg;base64,/9j/").mime, "image/jpeg");
}

}  // namespace
}  // namespace colonnade::providers::upstream
