#include "core/runs/message_size.hpp"

#include <gtest/gtest.h>

namespace colonnade::core {
namespace {

using base::ErrorKind;

Agent agent(std::string instructions = {}) {
  return {.scope = Scope::main(), .instructions = std::move(instructions)};
}
Message message_of(std::string text) { return {.parts = {TextPart{std::move(text)}}}; }

TEST(MessageSize, CountsWhatWasSent) {
  EXPECT_EQ(size_of({TextPart{"four"}, FilePart{.mime = "a/b", .filename = "f", .url = "data:"}}),
            13U);
}

TEST(MessageSize, BeyondTheLimitTheErrorNamesIt) {
  EXPECT_TRUE(check_size({TextPart{std::string(100, 'x')}}, 100));
  const auto refused = check_size({TextPart{std::string(101, 'x')}}, 100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
  EXPECT_EQ(refused.error().field, "content");
  EXPECT_TRUE(refused.error().message.contains("limits.message_bytes_max (100)"))
      << refused.error().message;
}

TEST(MessageSize, WhatCannotFitTheWindowAloneIsRefused) {
  std::string words;
  for (int i = 0; i < 500'000; ++i) words += "a ";
  const AskedModel asked{.provider = "p", .model = "m"};
  EXPECT_TRUE(check_window(message_of("a short one"), agent(), asked, {}, {}));
  const auto refused = check_window(message_of(words), agent(), asked, {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::too_large);
  EXPECT_TRUE(refused.error().message.contains("window of 32768")) << refused.error().message;
  ContextOptions large;
  large.windows =
      ModelWindows({{.provider = "p", .model = "m", .context = 4'000'000, .output = 8192}});
  EXPECT_TRUE(check_window(message_of(words), agent(), asked, large, {}));
}

// Its URL is short, and what it stands for is not.
TEST(MessageSize, AnAttachmentThatCannotFitTheWindowIsRefused) {
  const AskedModel asked{.provider = "p", .model = "m"};
  const auto with = [](std::int64_t bytes) {
    return Message{
        .parts = {FilePart{
            .mime = "text/plain", .filename = "a.txt", .url = "attachment:1", .bytes = bytes}}};
  };
  EXPECT_TRUE(check_window(with(1000), agent(), asked, {}, {}));
  EXPECT_FALSE(check_window(with(10'000'000), agent(), asked, {}, {}));
}

TEST(MessageSize, TheInstructionsTakeTheirPart) {
  ContextOptions options;
  options.input_tokens_max = 1100;
  const AskedModel asked{.provider = "p", .model = "m"};
  std::string words;
  for (int i = 0; i < 500; ++i) words += "word ";
  EXPECT_TRUE(check_window(message_of(words), agent(), asked, options, {}));
  EXPECT_FALSE(check_window(message_of(words), agent(words + words), asked, options, {}));
}

}  // namespace
}  // namespace colonnade::core
