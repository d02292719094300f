#include "base/sse.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/limits.hpp"
#include "base/utf8.hpp"

namespace colonnade::base {
namespace {

struct Got {
  std::string type;
  std::string data;
  std::string id;
  bool operator==(const Got&) const = default;
};

void PrintTo(const Got& got, std::ostream* out) {
  *out << "{" << got.type << "|" << got.data << "|" << got.id << "}";
}

struct Parse {
  std::vector<Got> events{};
  std::optional<std::uint64_t> retry_ms{};
  bool ok = true;
};

Parse parse_pieces(const std::vector<std::string_view>& pieces, std::size_t line_bytes_max) {
  SseParser parser(line_bytes_max);
  Parse out;
  for (const std::string_view piece : pieces) {
    out.ok = parser.feed(piece, [&](const SseEvent& event) {
      out.events.push_back(
          {std::string(event.type), std::string(event.data), std::string(event.last_event_id)});
    });
    EXPECT_EQ(out.ok, !parser.overflowed());
  }
  out.retry_ms = parser.retry_ms();
  return out;
}

Parse parse_whole(std::string_view bytes, std::size_t line_bytes_max = limits::sse_line_bytes_max) {
  return parse_pieces({bytes}, line_bytes_max);
}

Parse parse_bytewise(std::string_view bytes) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < bytes.size(); ++i) pieces.push_back(bytes.substr(i, 1));
  return parse_pieces(pieces, limits::sse_line_bytes_max);
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// As a browser shows them: no event line means "message", and text is UTF-8.
std::vector<Got> as_browser(std::vector<Got> events) {
  for (Got& event : events) {
    event.type = event.type.empty() ? "message" : replace_invalid_utf8(event.type);
    event.data = replace_invalid_utf8(event.data);
    event.id = replace_invalid_utf8(event.id);
  }
  return events;
}

TEST(SseParser, AgreesWithTheRecordedBrowserOnEveryCase) {
  const std::filesystem::path folder = std::filesystem::path(COLONNADE_FIXTURES) / "sse";
  const std::string text = read_file(folder / "expected.json");
  if (text.empty()) GTEST_SKIP() << "no fixtures: set COLONNADE_FIXTURES to their folder";
  const auto expected = parse_json(text, "expected.json");
  ASSERT_TRUE(expected) << expected.error().message;
  ASSERT_GT(expected->size(), 30u);
  for (const auto& [name, body] : expected->items()) {
    SCOPED_TRACE(name);
    const std::string bytes = read_file(folder / (name + ".sse"));
    ASSERT_FALSE(bytes.empty());
    std::vector<Got> wanted;
    for (const auto& event : body["events"]) {
      wanted.push_back({event["event"], event["data"], event["id"]});
    }
    std::optional<std::uint64_t> retry;
    if (!body["retry"].is_null()) retry = body["retry"].get<std::uint64_t>();

    const Parse whole = parse_whole(bytes);
    EXPECT_EQ(as_browser(whole.events), wanted);
    EXPECT_EQ(whole.retry_ms, retry);
    EXPECT_EQ(as_browser(parse_bytewise(bytes).events), wanted);
    // Every cut in two; a long body's at every byte near its ends and every 997th between.
    for (std::size_t cut = 1; cut < bytes.size(); cut += cut > 2'000 ? 997 : 1) {
      const std::string_view view = bytes;
      const Parse split =
          parse_pieces({view.substr(0, cut), view.substr(cut)}, limits::sse_line_bytes_max);
      ASSERT_EQ(split.events, whole.events) << "cut at byte " << cut;
      ASSERT_EQ(split.retry_ms, whole.retry_ms) << "cut at byte " << cut;
    }
  }
}

TEST(SseParser, JoinsDataLinesAndCarriesTheIdOn) {
  const Parse got = parse_whole("id: 7\nevent: step\ndata: a\ndata:  b\n\ndata\n\n:note\n\n");
  EXPECT_EQ(got.events, (std::vector<Got>{{"step", "a\n b", "7"}, {"", "", "7"}}));
}

TEST(SseParser, PutsBackWhatOnlyLookedLikeABom) {
  // EF BB could have begun a BOM; here it is the (unknown) field's name, so the line is ignored.
  EXPECT_EQ(parse_bytewise("\xEF\xBB: x\ndata: y\n\n").events, (std::vector<Got>{{"", "y", ""}}));
  EXPECT_EQ(parse_bytewise("\xEF\xBB\xBF"
                           "data: y\n\n")
                .events,
            (std::vector<Got>{{"", "y", ""}}));
}

TEST(SseParser, TakesOnlyDigitsForRetry) {
  EXPECT_EQ(parse_whole("retry: 2500\n").retry_ms, 2'500u);
  for (const char* text : {"retry: \n", "retry: -1\n", "retry: +1\n", "retry: 1.5\n", "retry: 5s\n",
                           "retry: 99999999999999999999999\n"}) {
    EXPECT_FALSE(parse_whole(text).retry_ms) << text;
  }
}

TEST(SseParser, CutsOffALineBeyondTheLimit) {
  const Parse fits = parse_whole("data: 6789\n\n", 10);
  EXPECT_TRUE(fits.ok);
  EXPECT_EQ(fits.events.size(), 1u);
  const Parse over = parse_whole("data: 67890\n\ndata: x\n\n", 10);
  EXPECT_FALSE(over.ok);
  EXPECT_TRUE(over.events.empty());
  EXPECT_FALSE(parse_pieces({"data: 6789", "0", "\n\n"}, 10).ok) << "also when it comes in pieces";
}

TEST(SseParser, CutsOffAnEventOfManyLinesBeyondTheLimit) {
  const Parse got = parse_whole("data: 1234\ndata: 1234\ndata: 1234\n\ndata: x\n\n", 10);
  EXPECT_FALSE(got.ok);
  EXPECT_TRUE(got.events.empty()) << "nothing after the limit counts";
}

TEST(SseParser, KeepsMeaningAcrossManyCarriageReturns) {
  std::string bytes;
  for (int i = 0; i < 2'000; ++i) bytes += "data: x\r\r";
  EXPECT_EQ(parse_whole(bytes).events.size(), 2'000u);
  EXPECT_EQ(parse_bytewise(bytes).events.size(), 2'000u);
}

TEST(AppendSse, WritesWhatTheParserReads) {
  std::string out;
  append_sse(out, "delta", "one\n\nthree", "42");
  EXPECT_EQ(out, "event: delta\nid: 42\ndata: one\ndata: \ndata: three\n\n");
  append_sse(out, "", "plain");
  append_sse(out, "empty", "");
  EXPECT_EQ(parse_whole(out).events,
            (std::vector<Got>{
                {"delta", "one\n\nthree", "42"}, {"", "plain", "42"}, {"empty", "", "42"}}));
}

// A line end in the data must not begin a field of the sender's choosing.
TEST(AppendSse, LetsNoLineEndOutOfTheData) {
  std::string out;
  append_sse(out, "delta", "a\revent: forged\r\nid: 1\n");
  EXPECT_EQ(parse_whole(out).events,
            (std::vector<Got>{{"delta", "a\nevent: forged\nid: 1\n", ""}}));
}

}  // namespace
}  // namespace colonnade::base
