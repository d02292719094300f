// The recorded provider streams of COLONNADE_FIXTURES/providers and how a decoder is held against
// them: fed whole, one byte at a time, and cut in two, always with one outcome.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "core/models/model_provider.hpp"
#include "providers/upstream/stream_decoder.hpp"

namespace colonnade::conformance {

using base::Json;

struct Recording {
  std::string vendor{};
  std::string name{};
  int http_status = 200;
  std::string body{};
  Json expected = nullptr;
};

inline void PrintTo(const Recording& recording, std::ostream* out) {
  *out << recording.vendor << "/" << recording.name;
}

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline std::filesystem::path provider_fixtures() {
  return std::filesystem::path(COLONNADE_FIXTURES) / "providers";
}

// Empty when the fixtures are absent; tests then skip.
inline std::vector<Recording> recordings(const std::function<bool(const Json& row)>& wanted) {
  std::vector<Recording> out;
  const auto folder = provider_fixtures();
  if (!std::filesystem::exists(folder / "manifest.json")) return out;
  const Json manifest = Json::parse(read_file(folder / "manifest.json"));
  for (const auto& row : manifest) {
    if (!wanted(row)) continue;
    const std::string vendor = row.at("vendor");
    out.push_back({.vendor = vendor,
                   .name = row.at("case"),
                   .http_status = row.at("http_status"),
                   .body = read_file(folder / vendor / std::string(row.at("file"))),
                   .expected = row.at("expected")});
  }
  return out;
}

inline bool is_stream(const Json& row) { return std::string(row.at("file")).ends_with(".sse"); }

// Everything that came out of one decoding.
struct Outcome {
  std::string text{};       // deltas joined
  std::string reasoning{};  // deltas joined
  std::vector<core::ModelReply> replies{};
  bool delta_after_reply = false;
  std::vector<base::Error> errors{};
};

inline bool operator==(const Outcome& a, const Outcome& b) {
  const auto same_reply = [](const core::ModelReply& x, const core::ModelReply& y) {
    return x.parts == y.parts && x.stop_reason == y.stop_reason && x.usage == y.usage &&
           x.model == y.model;
  };
  const auto same_error = [](const base::Error& x, const base::Error& y) {
    return x.kind == y.kind && x.message == y.message && x.retryable == y.retryable;
  };
  return a.text == b.text && a.reasoning == b.reasoning &&
         a.delta_after_reply == b.delta_after_reply &&
         std::ranges::equal(a.replies, b.replies, same_reply) &&
         std::ranges::equal(a.errors, b.errors, same_error);
}

inline void collect(std::vector<core::ModelEvent>& events, Outcome& into) {
  for (auto& event : events) {
    if (auto* text = std::get_if<core::ModelTextDelta>(&event)) {
      into.text += text->text;
      into.delta_after_reply |= !into.replies.empty();
    } else if (auto* reasoning = std::get_if<core::ModelReasoningDelta>(&event)) {
      into.reasoning += reasoning->text;
      into.delta_after_reply |= !into.replies.empty();
    } else {
      into.replies.push_back(std::move(std::get<core::ModelReply>(event)));
    }
  }
  events.clear();
}

using MakeDecoder = std::function<std::unique_ptr<providers::upstream::StreamDecoder>()>;

inline Outcome decode(const MakeDecoder& make, const std::vector<std::string_view>& pieces) {
  Outcome out;
  auto decoder = make();
  std::vector<core::ModelEvent> events;
  for (const auto piece : pieces) {
    const auto fed = decoder->feed(piece, events);
    collect(events, out);
    if (!fed) out.errors.push_back(fed.error());
  }
  const auto finished = decoder->finish(events);
  collect(events, out);
  if (!finished) out.errors.push_back(finished.error());
  return out;
}

inline Outcome decode_whole(const MakeDecoder& make, std::string_view body) {
  return decode(make, {body});
}

// Where to cut in two: everywhere. In a long body, where it takes minutes, only near its start, its
// end and its line ends, unless COLONNADE_EXHAUSTIVE is set.
inline std::vector<std::size_t> cuts_of(std::string_view body) {
  constexpr std::size_t long_bytes = 5000;
  constexpr std::size_t edge_bytes = 500;
  const bool all = body.size() <= long_bytes || std::getenv("COLONNADE_EXHAUSTIVE") != nullptr;
  std::vector<std::size_t> out;
  std::size_t line_start = 0;
  for (std::size_t cut = 1; cut < body.size(); ++cut) {
    if (body[cut - 1] == '\n') line_start = cut;
    const bool near_line_end = cut - line_start <= 1 || body[cut] == '\n';
    if (all || near_line_end || cut < edge_bytes || cut + edge_bytes > body.size()) {
      out.push_back(cut);
    }
  }
  return out;
}

// Expects the outcome of `body` to be the same however it is cut.
inline void expect_independent_of_cuts(const MakeDecoder& make, std::string_view body) {
  const Outcome whole = decode_whole(make, body);
  std::vector<std::string_view> bytes;
  for (std::size_t i = 0; i < body.size(); ++i) bytes.push_back(body.substr(i, 1));
  EXPECT_TRUE(decode(make, bytes) == whole) << "one byte at a time";
  for (const std::size_t cut : cuts_of(body)) {
    const bool same = decode(make, {body.substr(0, cut), body.substr(cut)}) == whole;
    ASSERT_TRUE(same) << "cut in front of byte " << cut;
  }
}

// What holds for every whole answer: one reply, last, whose text is what was streamed.
inline void expect_consistent(const Outcome& outcome) {
  ASSERT_TRUE(outcome.errors.empty()) << outcome.errors.front().message;
  ASSERT_EQ(outcome.replies.size(), 1u);
  EXPECT_FALSE(outcome.delta_after_reply);
  std::string text;
  std::string reasoning;
  for (const auto& part : outcome.replies.front().parts) {
    if (const auto* t = std::get_if<core::TextPart>(&part)) text += t->text;
    if (const auto* r = std::get_if<core::RefusalPart>(&part)) text += r->text;
    if (const auto* r = std::get_if<core::ReasoningPart>(&part)) reasoning += r->text;
  }
  EXPECT_EQ(text, outcome.text);
  EXPECT_EQ(reasoning, outcome.reasoning);
}

}  // namespace colonnade::conformance
