#include "net/request_reader.hpp"

#include <gtest/gtest.h>

#include "net/body_reader.hpp"

namespace colonnade::net {
namespace {

constexpr std::uint64_t body_max = 40;
constexpr std::size_t framing_max = 25;

struct Decoded {
  BodyReader::Result result = BodyReader::Result::need_more;
  std::string body{};
  std::string rest{};
  bool operator==(const Decoded&) const = default;
};

// Reads a chunked body given in pieces of at most `piece` bytes.
Decoded decode(std::string_view bytes, std::size_t piece) {
  BodyReader reader;
  reader.start_chunked(framing_max);
  Decoded out;
  while (out.result == BodyReader::Result::need_more && !bytes.empty()) {
    std::string_view part = bytes.substr(0, piece);
    const std::size_t given = part.size();
    out.result = reader.read(part, out.body, body_max);
    bytes.remove_prefix(given - part.size());
  }
  out.rest = bytes;
  return out;
}

TEST(BodyReader, TakesChunksAndLeavesWhatFollows) {
  const std::string bytes =
      "4\r\nwiki\r\n05;a=b;c=\"d\"\r\npedia\r\n0\r\nTrailer: x\r\n\r\nGET / HTTP/1.1";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    const Decoded decoded = decode(bytes, piece);
    EXPECT_EQ(decoded.result, BodyReader::Result::done);
    EXPECT_EQ(decoded.body, "wikipedia");
    EXPECT_EQ(decoded.rest, "GET / HTTP/1.1");
  }
}

TEST(BodyReader, RefusesLooseFraming) {
  for (const char* bytes : {
           "\r\n",
           ";\r\n",
           "g\r\n",
           "-1\r\n",
           "0x1\r\n",
           "1\nA",
           "1\rA",
           "1\r\nAB",
           "1\r\nA\n",
           "1\r\nA\rX",
           "1000000000000000\r\n",
           "1\x01\r\n",
           "1;\x01\r\n",
           "0\r\nT: \n\r\n",
           "0\r\nT: 1\rX",
           "0\r\n\rX",
       }) {
    for (const std::size_t piece : {1UZ, 100UZ}) {
      EXPECT_EQ(decode(bytes, piece).result, BodyReader::Result::malformed) << bytes;
    }
  }
}

TEST(BodyReader, LimitsBodyAndFraming) {
  EXPECT_EQ(decode("29\r\n", 1).result, BodyReader::Result::too_large);  // announced: 41
  EXPECT_EQ(decode("28\r\n" + std::string(40, 'a') + "\r\n1\r\n", 3).result,
            BodyReader::Result::too_large);
  EXPECT_EQ(decode("fffffffffffffff\r\n", 1).result, BodyReader::Result::too_large);
  EXPECT_EQ(decode("1;" + std::string(30, 'e'), 4).result, BodyReader::Result::framing_too_large);
  EXPECT_EQ(decode("0\r\nT: " + std::string(30, 't'), 4).result,
            BodyReader::Result::framing_too_large);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 30; ++i) trailers += "T\r\n";
  EXPECT_EQ(decode(trailers, 4).result, BodyReader::Result::framing_too_large);
}

TEST(BodyReader, ZeroesBeforeASizeAreBoundedByTime) {
  // Any number of leading zeroes is one size; nothing is stored for them.
  EXPECT_EQ(decode(std::string(1000, '0') + "1\r\nA\r\n0\r\n\r\n", 7).body, "A");
}

TEST(BodyReader, TakesAFixedLength) {
  BodyReader reader;
  EXPECT_TRUE(reader.done());
  reader.start_fixed(0);
  EXPECT_TRUE(reader.done());
  reader.start_fixed(5);
  std::string body;
  std::string_view first = "hel";
  EXPECT_EQ(reader.read(first, body, body_max), BodyReader::Result::need_more);
  std::string_view second = "lo, next";
  EXPECT_EQ(reader.read(second, body, body_max), BodyReader::Result::done);
  EXPECT_EQ(body, "hello");
  EXPECT_EQ(second, ", next");
}

// Found by the fuzz target: a parser that looks for the end of the trailers before it reads them
// stopped on an assertion, or lost its place, at a bare line feed in one.
TEST(RequestReader, ALineFeedInATrailerIsRefused) {
  const auto parsed = parse_request(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "\r\n0\r\nT: \n1;e=1\r\nhe\r\n0\r\nT: 1\x0c\n\r\n",
      RequestLimits{}, 1000);
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().status, 400);
}

// A parser that waits for the end of the head before it judges would leave these to the time limit.
TEST(RequestReader, RubbishIsRefusedBeforeTheHeadEnds) {
  for (const std::string& bytes :
       {std::string("GET /hello HTTP/1.1\nHost: x\n\n"), std::string("GET /\0", 6),
        std::string("\x16\x03\x01\x02"), std::string("GET / HTTP/1.1\rX")}) {
    for (std::size_t split = 0; split < bytes.size(); ++split) {
      RequestReader reader(RequestLimits{});
      const auto first = reader.feed(std::string_view(bytes).substr(0, split));
      if (!first) continue;
      const auto second = reader.feed(std::string_view(bytes).substr(first->consumed));
      ASSERT_FALSE(second) << split;
      EXPECT_EQ(second.error().status, 400);
    }
  }
}

TEST(RequestReader, ATrailerChangesNothing) {
  const auto parsed = parse_request(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\nHost: y\r\nContent-Length: 9\r\nAuthorization: z\r\n\r\n",
      RequestLimits{}, 1000);
  ASSERT_TRUE(parsed) << parsed.error().error.message;
  EXPECT_EQ(parsed->body, "a");
  EXPECT_EQ(parsed->header("Host"), "x");
  EXPECT_FALSE(parsed->has_header("Authorization"));
}

TEST(RequestReader, SplitsTargets) {
  const auto parse = [](const std::string& target) {
    return parse_request("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n", RequestLimits{}, 0);
  };
  const auto origin = parse("/a/b?c=d?e");
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->path, "/a/b");
  EXPECT_EQ(origin->query, "c=d?e");
  const auto absolute = parse("HTTP://host:80?q");
  ASSERT_TRUE(absolute);
  EXPECT_EQ(absolute->path, "/");
  EXPECT_EQ(absolute->query, "q");
  EXPECT_EQ(absolute->target, "HTTP://host:80?q");
  EXPECT_FALSE(parse("ftp://host/x"));
  const auto asterisk = parse_request("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", RequestLimits{}, 0);
  ASSERT_TRUE(asterisk);
  EXPECT_EQ(asterisk->path, "*");
}

TEST(RequestReader, AnIncompleteRequestIsAFault) {
  for (const char* bytes : {"", "GET", "GET / HTTP/1.1\r\nHost: x\r\n",
                            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\na"}) {
    const auto parsed = parse_request(bytes, RequestLimits{}, 10);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().status, 400);
  }
}

}  // namespace
}  // namespace colonnade::net
