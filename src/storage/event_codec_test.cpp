#include "storage/event_codec.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/limits.hpp"

namespace colonnade::storage {
namespace {

using base::Json;

std::string written(const core::EventBody& body) {
  std::string out;
  append_event_body(out, body);
  return out;
}

// What comes back after writing and reading.
template <class Body>
Body round_trip(const Body& body) {
  const auto read = read_event_body(written(body));
  EXPECT_TRUE(read) << read.error().message;
  if (!read) return {};
  EXPECT_TRUE(std::holds_alternative<Body>(*read)) << written(body);
  // Writing what was read gives the same bytes.
  EXPECT_EQ(written(*read), written(body));
  return std::get<Body>(*read);
}

std::vector<core::Part> round_trip_parts(const std::vector<core::Part>& parts) {
  std::string out;
  append_parts(out, parts);
  const auto read = read_parts(out);
  EXPECT_TRUE(read) << read.error().message;
  return read.value_or(std::vector<core::Part>{});
}

Json nested(std::size_t levels) {
  Json tree = "deep";
  for (std::size_t i = 0; i < levels; ++i) tree = Json::array({std::move(tree)});
  return tree;
}

const std::vector<std::string> odd_texts = {
    "",
    std::string("a\0b\0", 4),
    "\"quoted\" \\ back/slash",
    "\n\r\t\b\f\x01\x1f\x7f",
    "\xF0\x9F\x8C\xB1 \xE2\x80\xA8",
    "{\"kind\":\"run_finished\"}",
    std::string(limits::MiB / 2, 'h'),
};

TEST(EventCodec, TextsComeBackByteForByte) {
  for (const std::string& text : odd_texts) {
    EXPECT_TRUE(round_trip(core::TextDelta{text}).text == text);
    EXPECT_TRUE(round_trip(core::ReasoningDelta{text}).text == text);
    EXPECT_TRUE(round_trip(core::ThreadChanged{.title = text}).title == text);
    const core::ToolCallFinished done{
        .tool_call_id = "t", .call_id = text, .result = text, .authorization_url = text};
    EXPECT_TRUE(round_trip(done).result == text);
    EXPECT_TRUE(round_trip(done).authorization_url == text);
    EXPECT_TRUE(round_trip(done).call_id == text);
  }
}

TEST(EventCodec, InvalidUtf8IsRepaired) {
  EXPECT_EQ(round_trip(core::TextDelta{"a\xFFz"}).text, "a\xEF\xBF\xBDz");
  const core::ToolCallRequested call{.arguments = {{"k", "\xC3("}}};
  EXPECT_EQ(round_trip(call).arguments["k"], "\xEF\xBF\xBD(");
}

TEST(EventCodec, OutputsAndChangesOfThreadsComeBack) {
  const core::StructuredOutputMade made{.value = {{"a", {1, nullptr}}}, .attempts = 2};
  EXPECT_EQ(round_trip(made).value, made.value);
  EXPECT_EQ(round_trip(made).attempts, 2);
  const core::StructuredOutputRefused refused{.violations = {"a", "b"}, .attempts = 2};
  EXPECT_EQ(round_trip(refused).violations, refused.violations);
  using enum core::ThreadChangeKind;
  for (const core::ThreadChangeKind kind : {other, renamed, archived, unarchived}) {
    EXPECT_EQ(round_trip(core::ThreadChanged{.kind = kind}).kind, kind);
  }
}

TEST(EventCodec, AChangeOfTheModelComesBack) {
  for (const auto fault :
       {core::ModelFault::limited, core::ModelFault::unavailable, core::ModelFault::unauthorized}) {
    const auto read =
        round_trip(core::ModelChanged{.provider = "p", .model = "m", .because = fault});
    EXPECT_EQ(read.provider, "p");
    EXPECT_EQ(read.model, "m");
    EXPECT_EQ(read.because, fault);
  }
}

TEST(EventCodec, CitationsComeBack) {
  const core::SourcesCited cited{.citations = {{.url = "https://a.example", .title = "A"},
                                               {.title = "B \"quoted\"", .text = "so\n"}}};
  EXPECT_EQ(round_trip(cited).citations, cited.citations);
}

TEST(EventCodec, AMoveOfASpawnedJobComesBack) {
  const core::SpawnedJobMoved moved{.job_id = "j1",
                                    .task = "digest",
                                    .state = core::JobState::failed,
                                    .attempts_made = 3,
                                    .failure = core::JobFailure::timed_out,
                                    .metadata = "{\"a\":1}",
                                    .output = "[1]",
                                    .output_left_out = true,
                                    .error = "too \"long\""};
  const auto read = round_trip(moved);
  EXPECT_EQ(read.job_id, moved.job_id);
  EXPECT_EQ(read.task, moved.task);
  EXPECT_EQ(read.state, moved.state);
  EXPECT_EQ(read.attempts_made, 3);
  EXPECT_EQ(read.failure, moved.failure);
  EXPECT_EQ(read.metadata, moved.metadata);
  EXPECT_EQ(read.output, moved.output);
  EXPECT_TRUE(read.output_left_out);
  EXPECT_EQ(read.error, moved.error);
}

TEST(EventCodec, HugeTextsComeBack) {
  const std::string text(20 * limits::MiB, 'h');
  EXPECT_TRUE(round_trip(core::TextDelta{text}).text == text);
}

TEST(EventCodec, EveryAlternativeHasItsOwnKind) {
  std::set<std::string> kinds;
  const auto note = [&](const core::EventBody& body) {
    kinds.insert(Json::parse(written(body))["kind"].get<std::string>());
    const auto read = read_event_body(written(body));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->index(), body.index());
  };
  note(core::MessageStored{});
  note(core::RunStarted{});
  note(core::TextDelta{});
  note(core::ReasoningDelta{});
  note(core::OutputRestarted{});
  note(core::ModelChanged{});
  note(core::SourcesCited{});
  note(core::ToolCallRequested{});
  note(core::ToolCallStarted{});
  note(core::ToolCallFinished{});
  note(core::ApprovalRequested{});
  note(core::ApprovalResolved{});
  note(core::RunFinished{});
  note(core::ThreadChanged{});
  note(core::ArtifactStarted{});
  note(core::ArtifactDelta{});
  note(core::ArtifactCommitted{});
  note(core::ArtifactFailed{});
  note(core::StructuredOutputMade{});
  note(core::StructuredOutputRefused{});
  note(core::SpawnedJobMoved{});
  EXPECT_EQ(kinds.size(), std::variant_size_v<core::EventBody>);
}

TEST(EventCodec, MessagesInEventsKeepEveryMember) {
  const core::Message made{.id = "m1",
                           .thread_id = "t1",
                           .run_id = "r1",
                           .role = core::Role::system,
                           .parts = {core::TextPart{"x"}},
                           .user_id = "ann",
                           .device_id = "d",
                           .created_at = {-5},
                           .model = "model",
                           .usage = core::Usage{1, 2, 3, 4, 5, 0},
                           .metadata = {{"a", {1, 2.5, nullptr, true}}}};
  const core::Message read = round_trip(core::RunFinished{.message = made}).message.value();
  EXPECT_EQ(read.id, made.id);
  EXPECT_EQ(read.thread_id, made.thread_id);
  EXPECT_EQ(read.run_id, made.run_id);
  EXPECT_EQ(read.role, made.role);
  EXPECT_EQ(read.parts, made.parts);
  EXPECT_EQ(read.user_id, made.user_id);
  EXPECT_EQ(read.device_id, made.device_id);
  EXPECT_EQ(read.created_at, made.created_at);
  EXPECT_EQ(read.model, made.model);
  EXPECT_EQ(read.usage, made.usage);
  EXPECT_EQ(read.metadata, made.metadata);
  EXPECT_EQ(round_trip(core::MessageStored{}).message.usage, std::nullopt);
  EXPECT_EQ(round_trip(core::RunFinished{.error = "broke"}).message.has_value(), false);
}

TEST(EventCodec, AnEndKeepsWhatItsRunUsedAndCost) {
  const core::Usage usage{.input_tokens = 3, .output_tokens = 4, .reported_cost_micros = 5};
  const auto read = round_trip(core::RunFinished{.usage = usage, .cost_micros = 6});
  EXPECT_EQ(read.usage, usage);
  EXPECT_EQ(read.cost_micros, 6);
  EXPECT_EQ(round_trip(core::RunFinished{}).usage, core::Usage{});
}

TEST(EventCodec, ARunsOwnBoundsComeBack) {
  const core::ModelSettings settings{
      .run_seconds_max = 300,
      .approval_seconds_max = 60,
      .retries_max = 0,
      .limited_retries_max = 3,
      .fallbacks = std::vector<core::ModelFallback>{{core::ModelFault::limited, "spare"},
                                                    {core::ModelFault::unauthorized, "other"}},
      .keeps_partial_reply = false};
  const auto read = read_settings(settings_text(settings));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, settings);
}

TEST(EventCodec, EveryStateComesBack) {
  for (const auto state :
       {core::RunState::running, core::RunState::waiting_approval, core::RunState::succeeded,
        core::RunState::failed, core::RunState::cancelled}) {
    EXPECT_EQ(round_trip(core::RunFinished{.state = state}).state, state);
  }
  for (const auto state :
       {core::ToolCallState::requested, core::ToolCallState::waiting_approval,
        core::ToolCallState::running, core::ToolCallState::succeeded, core::ToolCallState::failed,
        core::ToolCallState::denied, core::ToolCallState::interrupted}) {
    EXPECT_EQ(round_trip(core::ToolCallFinished{.state = state}).state, state);
  }
}

TEST(EventCodec, ArtifactEventsComeBack) {
  for (const std::string& text : odd_texts) {
    const auto started = round_trip(core::ArtifactStarted{.artifact_id = text,
                                                          .key = text,
                                                          .kind = core::ArtifactKind::svg,
                                                          .revision = 3,
                                                          .title = text,
                                                          .language = text});
    EXPECT_EQ(started.artifact_id, text);
    EXPECT_EQ(started.key, text);
    EXPECT_EQ(started.kind, core::ArtifactKind::svg);
    EXPECT_EQ(started.revision, 3);
    EXPECT_EQ(started.title, text);
    EXPECT_EQ(started.language, text);
    const auto delta = round_trip(core::ArtifactDelta{text, text, text});
    EXPECT_EQ(delta.artifact_id, text);
    EXPECT_EQ(delta.key, text);
    EXPECT_EQ(delta.text, text);
    const auto committed = round_trip(core::ArtifactCommitted{.artifact_id = text,
                                                              .key = text,
                                                              .kind = core::ArtifactKind::csv,
                                                              .revision = 2,
                                                              .title = text,
                                                              .language = text,
                                                              .content = text,
                                                              .content_left_out = true,
                                                              .created_at = {77}});
    EXPECT_EQ(committed.artifact_id, text);
    EXPECT_EQ(committed.kind, core::ArtifactKind::csv);
    EXPECT_EQ(committed.revision, 2);
    EXPECT_EQ(committed.content, text);
    EXPECT_TRUE(committed.content_left_out);
    EXPECT_EQ(committed.created_at, base::Time{77});
  }
  for (const auto fault : {core::ArtifactFault::invalid_kind, core::ArtifactFault::invalid_content,
                           core::ArtifactFault::not_found, core::ArtifactFault::scope_mismatch,
                           core::ArtifactFault::persist_failed}) {
    const auto failed = round_trip(
        core::ArtifactFailed{.artifact_id = "a", .key = "k", .fault = fault, .message = "m"});
    EXPECT_EQ(failed.fault, fault);
    EXPECT_EQ(failed.artifact_id, "a");
    EXPECT_EQ(failed.key, "k");
    EXPECT_EQ(failed.message, "m");
  }
}

TEST(EventCodec, PartsComeBackWithOddMembers) {
  for (const std::string& text : odd_texts) {
    const std::vector<core::Part> parts = {
        core::TextPart{text},
        core::ReasoningPart{text, text, text, text, Json{{"k", text}}},
        core::RefusalPart{text},
        core::FilePart{text, text, text, 7},
        core::ToolCallPart{text, text, Json{{"k", text}}, text},
        core::ToolResultPart{text, text, text, true},
        core::ProviderPart{text, Json::array({text})},
    };
    EXPECT_EQ(parts.size(), std::variant_size_v<core::Part>);
    EXPECT_TRUE(round_trip_parts(parts) == parts);
  }
  EXPECT_TRUE(round_trip_parts({}).empty());
}

TEST(EventCodec, NumbersComeBackExactly) {
  const Json numbers = {{"least", std::numeric_limits<std::int64_t>::min()},
                        {"most", std::numeric_limits<std::uint64_t>::max()},
                        {"third", 1.0 / 3},
                        {"whole", 2.0},
                        {"tiny", 5e-324},
                        {"minus", -0.0}};
  const Json read = round_trip(core::ToolCallRequested{.arguments = numbers}).arguments;
  EXPECT_EQ(read, numbers);
  EXPECT_TRUE(read["whole"].is_number_float());
  const Json nan = {{"n", std::numeric_limits<double>::quiet_NaN()}};
  EXPECT_TRUE(round_trip(core::ToolCallRequested{.arguments = nan}).arguments["n"].is_null());
}

TEST(EventCodec, NestingDeeperThanTheParserTakesComesBack) {
  for (const std::size_t levels :
       {limits::json_depth_max / 2, limits::json_depth_max / 2 + 1, limits::json_depth_max - 1,
        limits::json_depth_max, limits::json_depth_max * 4}) {
    const Json tree = nested(levels);
    EXPECT_EQ(round_trip(core::ApprovalRequested{.arguments = tree}).arguments, tree) << levels;
    const std::vector<core::Part> parts = {core::ToolCallPart{.arguments = tree}};
    EXPECT_TRUE(round_trip_parts(parts) == parts) << levels;
    EXPECT_EQ(*read_tree(tree_text(tree)), tree) << levels;
  }
}

TEST(EventCodec, WhatWasNotWrittenHereIsRefused) {
  for (const char* text :
       {"", "nonsense", "[]", "{}", R"({"kind":"tomorrows_event"})", R"({"kind":7})",
        R"({"kind":"text_delta","text":5})", R"({"kind":"run_started"})",
        R"({"kind":"run_finished","state":"lost"})", R"({"kind":"text_delta","text":"a"b"})",
        R"({"kind":"message_stored","message":{"parts":[{"kind":"?"}]}})",
        R"({"kind":"message_stored","message":{"parts":{}}})",
        R"({"kind":"text_delta","text":")"}) {
    const auto read = read_event_body(text);
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().kind, base::ErrorKind::internal) << text;
  }
  EXPECT_FALSE(read_parts("{}"));
  EXPECT_FALSE(read_names("[1]"));
  EXPECT_FALSE(read_settings("[]"));
}

TEST(EventCodec, SettingsComeBack) {
  EXPECT_EQ(settings_text({}), "");
  EXPECT_EQ(*read_settings(""), core::ModelSettings{});
  const core::ModelSettings some{.provider = "", .temperature = 0.0, .max_output_tokens = 0};
  EXPECT_EQ(*read_settings(settings_text(some)), some);
  const core::ModelSettings all{"p", "m", 0.7, 4096, "high"};
  EXPECT_EQ(*read_settings(settings_text(all)), all);
}

TEST(EventCodec, NamesComeBack) {
  EXPECT_EQ(names_text(std::nullopt), std::nullopt);
  EXPECT_EQ(*read_names(*names_text(std::vector<std::string>{})), std::vector<std::string>{});
  const std::vector<std::string> names = {"a", "", "\"b\""};
  EXPECT_EQ(*read_names(*names_text(names)), names);
}

}  // namespace
}  // namespace colonnade::storage
