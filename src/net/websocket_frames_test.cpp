#include "net/websocket_frames.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace colonnade::net {
namespace {

constexpr WebSocketMask mask{0x37, 0xFA, 0x21, 0x3D};
constexpr std::size_t message_bytes_max = 1000;

std::string bytes_of(std::initializer_list<unsigned> list) {
  std::string out;
  for (const unsigned byte : list) out += static_cast<char>(byte);
  return out;
}

// One frame as a client sends it. `first` is its first byte: the final bit, reserved bits, opcode.
std::string masked_frame(unsigned first, std::string_view payload) {
  std::string out = websocket_frame(WebSocketOpcode::text, payload, &mask);
  out[0] = static_cast<char>(first);
  return out;
}

// All that a server reads of these bytes, `step` at a time.
std::vector<WebSocketInput> read_all(std::string_view bytes, std::size_t step = 0,
                                     WebSocketRole role = WebSocketRole::server) {
  WebSocketReader reader(role, message_bytes_max);
  std::vector<WebSocketInput> out;
  if (step == 0) step = bytes.size();
  while (!bytes.empty()) {
    std::string_view some = bytes.substr(0, step);
    bytes.remove_prefix(some.size());
    while (auto input = reader.next(some)) out.push_back(std::move(*input));
    EXPECT_TRUE(some.empty());
  }
  return out;
}

WebSocketMessage text(std::string bytes) { return {.binary = false, .bytes = std::move(bytes)}; }

struct FrameCase {
  const char* name;
  std::string bytes;
  std::vector<WebSocketInput> read;
};

std::vector<WebSocketInput> fault(std::uint16_t code, const char* reason) {
  return {WebSocketFault{.code = code, .reason = reason}};
}

std::vector<FrameCase> frame_cases() {
  const std::string long_text(300, 'a');
  const std::string over(message_bytes_max + 1, 'a');
  std::vector<FrameCase> out = {
      {"Text", masked_frame(0x81, "Hello"), {text("Hello")}},
      {"EmptyText", masked_frame(0x81, ""), {text("")}},
      {"Binary", masked_frame(0x82, "\xFF\xFE"), {WebSocketMessage{true, "\xFF\xFE"}}},
      {"TwoByteLength", masked_frame(0x81, long_text), {text(long_text)}},
      {"Fragments",
       masked_frame(0x01, "Hel") + masked_frame(0x00, "") + masked_frame(0x80, "lo"),
       {text("Hello")}},
      {"PingBetweenFragments",
       masked_frame(0x01, "Hel") + masked_frame(0x89, "p") + masked_frame(0x80, "lo"),
       {WebSocketPing{"p"}, text("Hello")}},
      {"Pong", masked_frame(0x8A, "x"), {WebSocketPong{"x"}}},
      {"UnneededTwoByteLength", bytes_of({0x81, 0xFE, 0, 1, 0, 0, 0, 0, 'a'}), {text("a")}},
      {"UnneededEightByteLength",
       bytes_of({0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 'a'}),
       {text("a")}},
      {"CharacterSplitOverFragments",
       masked_frame(0x01, "\xE2\x82") + masked_frame(0x80, "\xAC"),
       {text("\xE2\x82\xAC")}},
      {"AtTheLimit", masked_frame(0x81, over.substr(1)), {text(over.substr(1))}},
      {"CloseWithoutCode", masked_frame(0x88, ""), {WebSocketClose{}}},
      {"CloseWithCode", masked_frame(0x88, bytes_of({0x03, 0xE8})), {WebSocketClose{1000, ""}}},
      {"CloseWithReason",
       masked_frame(0x88, bytes_of({0x03, 0xE9, 'b', 'y', 'e'})),
       {WebSocketClose{1001, "bye"}}},
      {"NothingIsReadAfterClose",
       masked_frame(0x88, "") + masked_frame(0x81, "late"),
       {WebSocketClose{}}},

      {"Unmasked", websocket_frame(WebSocketOpcode::text, "Hello"),
       fault(1002, "a client's frame is not masked")},
      {"ContinuationWithoutStart", masked_frame(0x80, "x"),
       fault(1002, "a message is continued that has not begun")},
      {"MessageInsideAnother", masked_frame(0x01, "x") + masked_frame(0x81, "y"),
       fault(1002, "a message begins inside another")},
      {"FragmentedPing", masked_frame(0x09, ""), fault(1002, "a control frame is fragmented")},
      {"LongPing", masked_frame(0x89, std::string(126, 'p')),
       fault(1002, "a control frame is longer than 125 bytes")},
      {"CloseWithOneByte", masked_frame(0x88, "x"), fault(1002, "a close frame has half a code")},
      {"CloseReasonNotUtf8", masked_frame(0x88, bytes_of({0x03, 0xE8, 0xFF})),
       fault(1007, "the close reason is not UTF-8")},
      {"TextNotUtf8", masked_frame(0x81, "\xFF"), fault(1007, "the text is not UTF-8")},
      {"TextNotUtf8OverFragments", masked_frame(0x01, "\xE2\x82") + masked_frame(0x80, "x"),
       fault(1007, "the text is not UTF-8")},
      {"TooBig", masked_frame(0x81, over), fault(1009, "the message is too big")},
      {"TooBigTogether", masked_frame(0x01, over.substr(1)) + masked_frame(0x80, "x"),
       fault(1009, "the message is too big")},
      {"OneTerabyte", bytes_of({0x81, 0xFF, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
       fault(1009, "the message is too big")},
      {"HighestLength", bytes_of({0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}),
       fault(1009, "the message is too big")},
  };
  for (const unsigned bit : {0x40U, 0x20U, 0x10U}) {
    out.push_back(
        {"ReservedBit", masked_frame(0x81 | bit, "x"), fault(1002, "a reserved bit is set")});
  }
  for (const unsigned opcode : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    out.push_back(
        {"ReservedOpcode", masked_frame(0x80 | opcode, ""), fault(1002, "the opcode is reserved")});
  }
  for (const unsigned code :
       {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 2000U, 2999U, 5000U, 65535U}) {
    out.push_back({"ReservedCloseCode", masked_frame(0x88, bytes_of({code >> 8, code & 0xFF})),
                   fault(1002, "the close code is reserved")});
  }
  return out;
}

TEST(WebSocketReader, ReadsWhatTheStandardSays) {
  for (const FrameCase& one : frame_cases()) {
    for (const std::size_t step : {0, 1, 2, 3, 7}) {
      EXPECT_EQ(read_all(one.bytes, step), one.read) << one.name << ", step " << step;
    }
  }
}

// A fault in the first two bytes is answered although the rest never comes.
TEST(WebSocketReader, DoesNotWaitForAFrameThatCannotBeRight) {
  EXPECT_EQ(read_all(bytes_of({0x81, 0x05})), fault(1002, "a client's frame is not masked"));
  EXPECT_EQ(read_all(bytes_of({0x89, 0xFE})),
            fault(1002, "a control frame is longer than 125 bytes"));
}

TEST(WebSocketReader, HoldsNothingBetweenMessages) {
  WebSocketReader reader(WebSocketRole::server, message_bytes_max);
  const std::string frame = masked_frame(0x81, "Hello");
  std::string_view some = std::string_view(frame).substr(0, 8);
  EXPECT_TRUE(reader.idle());
  EXPECT_FALSE(reader.next(some));
  EXPECT_FALSE(reader.idle());
  some = std::string_view(frame).substr(8);
  EXPECT_TRUE(reader.next(some));
  EXPECT_TRUE(reader.idle());
}

TEST(WebSocketReader, AClientReadsFramesWithoutMasks) {
  const std::string frames =
      websocket_frame(WebSocketOpcode::text, "Hello") + websocket_frame(WebSocketOpcode::ping, "");
  EXPECT_EQ(read_all(frames, 1, WebSocketRole::client),
            (std::vector<WebSocketInput>{text("Hello"), WebSocketPing{}}));
  EXPECT_EQ(read_all(masked_frame(0x81, "x"), 0, WebSocketRole::client),
            fault(1002, "a server's frame is masked"));
}

TEST(WebSocketFrame, LooksAsInTheStandardsExamples) {
  EXPECT_EQ(websocket_frame(WebSocketOpcode::text, "Hello"),
            bytes_of({0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f}));
  EXPECT_EQ(websocket_frame(WebSocketOpcode::text, "Hello", &mask),
            bytes_of({0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58}));
  EXPECT_EQ(websocket_frame_head(WebSocketOpcode::binary, 256).view(),
            bytes_of({0x82, 0x7E, 0x01, 0x00}));
  EXPECT_EQ(websocket_frame_head(WebSocketOpcode::binary, 65536).view(),
            bytes_of({0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0}));
}

TEST(WebSocketFrame, AReasonIsCutBetweenCharacters) {
  std::string reason(122, 'a');
  reason += "\xE2\x82\xAC";
  EXPECT_EQ(websocket_close_payload(1001, reason), bytes_of({0x03, 0xE9}) + std::string(122, 'a'));
  EXPECT_EQ(websocket_close_payload(websocket_close::no_code, "unsaid"), "");
}

RC_GTEST_PROP(WebSocketFrame, WhatIsWrittenIsReadHoweverItIsCut, ()) {
  const auto payloads = *rc::gen::container<std::vector<std::string>>(
      rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127)));
  const auto step = *rc::gen::inRange<std::size_t>(1, 20);
  std::string bytes;
  std::vector<WebSocketInput> expected;
  for (const std::string& payload : payloads) {
    const auto random_mask = *rc::gen::arbitrary<WebSocketMask>();
    bytes += websocket_frame(WebSocketOpcode::text, payload, &random_mask);
    expected.emplace_back(text(payload));
  }
  RC_ASSERT(read_all(bytes, step) == expected);
}

}  // namespace
}  // namespace colonnade::net
