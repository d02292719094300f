#include "harness/http_response.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace colonnade::bench {
namespace {

// Feeds `text` in pieces of `size` bytes and returns the body.
std::string body_of(ResponseReader& reader, std::string_view text, std::size_t size) {
  std::string body;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    reader.feed(text.substr(0, size), [&](std::string_view piece) { body.append(piece); });
  }
  return body;
}

constexpr std::string_view with_length =
    "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 5\r\n\r\nhello";
constexpr std::string_view chunked =
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    "3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n";

TEST(ResponseReader, ReadsABodyOfKnownLengthHoweverItIsCut) {
  for (std::size_t size = 1; size <= with_length.size(); ++size) {
    ResponseReader reader;
    EXPECT_EQ(body_of(reader, with_length, size), "hello") << size;
    EXPECT_TRUE(reader.complete());
    EXPECT_TRUE(reader.keeps_alive());
    EXPECT_EQ(reader.status(), 200);
  }
}

TEST(ResponseReader, ReadsChunksHoweverTheyAreCut) {
  for (std::size_t size = 1; size <= chunked.size(); ++size) {
    ResponseReader reader;
    EXPECT_EQ(body_of(reader, chunked, size), "hello") << size;
    EXPECT_TRUE(reader.complete());
    EXPECT_FALSE(reader.keeps_alive());
    EXPECT_EQ(reader.status(), 404);
  }
}

TEST(ResponseReader, IsNotCompleteBeforeTheLastByte) {
  for (const std::string_view text : {with_length, chunked}) {
    ResponseReader reader;
    body_of(reader, text.substr(0, text.size() - 1), text.size());
    EXPECT_FALSE(reader.complete());
  }
}

TEST(ResponseReader, RefusesWhatIsNoResponse) {
  ResponseReader reader;
  EXPECT_THROW(body_of(reader, "SSH-2.0 hello\r\n\r\n", 100), std::runtime_error);
  ResponseReader too_much;
  EXPECT_THROW(body_of(too_much, std::string(with_length) + "more", 100), std::runtime_error);
  ResponseReader no_length;
  EXPECT_THROW(body_of(no_length, "HTTP/1.1 200 OK\r\n\r\n", 100), std::runtime_error);
}

}  // namespace
}  // namespace colonnade::bench
