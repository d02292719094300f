#include "core/spans/span.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "core/access/scope.hpp"
#include "core/runs/run.hpp"
#include "core/spans/limits.hpp"
#include "core/spans/trace_parent.hpp"

namespace colonnade::core {
namespace {

constexpr const char* run_id = "019a0000000040008000000000000001";

Run run_with(std::string id, TraceParent trace = {}) {
  Run out{.id = std::move(id), .scope = Scope::main()};
  out.options.trace = std::move(trace);
  return out;
}

bool is_span_id(const std::string& id) {
  return id.size() == 16 && id.find_first_not_of("0123456789abcdef") == std::string::npos &&
         id != std::string(16, '0');
}

TEST(Span, ARunIsATraceOfItsOwnUnlessItsRequestSaysOtherwise) {
  EXPECT_EQ(trace_id_of(run_with(run_id)), run_id);
  const std::string given(32, 'a');
  EXPECT_EQ(trace_id_of(run_with(run_id, {.trace_id = given, .span_id = "b"})), given);
  EXPECT_TRUE(is_trace_id(trace_id_of(run_with("r1")))) << "whatever its id looks like";
  EXPECT_NE(trace_id_of(run_with("r1")), trace_id_of(run_with("r2")));
}

TEST(Span, IdsFollowFromTheRunAndAreApart) {
  const Span model{.start = {5}, .end = {6}, .of = ModelCallSpan{}};
  const Span later{.start = {7}, .end = {8}, .of = ModelCallSpan{}};
  const Span gate{.start = {5}, .end = {6}, .of = GateSpan{.call_id = "c1"}};
  const Span wait{.start = {5}, .end = {6}, .of = WaitSpan{.call_id = "c1"}};
  const Span tool{.start = {5}, .end = {6}, .of = ToolSpan{.call_id = "c1"}};
  std::set<std::string> ids = {root_span_id(run_id)};
  for (const Span* span : {&model, &later, &gate, &wait, &tool}) {
    EXPECT_TRUE(is_span_id(span_id(run_id, *span)));
    EXPECT_EQ(span_id(run_id, *span), span_id(run_id, *span));
    ids.insert(span_id(run_id, *span));
    ids.insert(span_id("another run", *span));
  }
  EXPECT_EQ(ids.size(), 11U);
  EXPECT_EQ(span_id(run_id, model), model_span_id(run_id, {5}));
  EXPECT_EQ(span_id(run_id, tool), tool_span_id(run_id, "c1"));
}

TEST(Span, LongNamesAreCut) {
  EXPECT_EQ(span_text("short"), "short");
  EXPECT_EQ(span_text(std::string(1000, 'x')).size(), limits::span_text_bytes_max);
}

}  // namespace
}  // namespace colonnade::core
