#include "core/spans/trace_parent.hpp"

#include <gtest/gtest.h>

#include <string>

namespace colonnade::core {
namespace {

const std::string trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string parent = "00f067aa0ba902b7";

TEST(TraceParent, IsReadFromTheHeader) {
  for (const std::string& flags : {std::string("01"), std::string("00"), std::string("ff")}) {
    const TraceParent found = trace_parent_from("00-" + trace + "-" + parent + "-" + flags);
    EXPECT_EQ(found.trace_id, trace) << flags;
    EXPECT_EQ(found.span_id, parent) << flags;
  }
}

// W3C Trace Context, §3.2.2: a later version may have more behind its flags.
TEST(TraceParent, ALaterVersionIsReadAsFarAsItIsKnown) {
  EXPECT_EQ(trace_parent_from("cc-" + trace + "-" + parent + "-01-what.comes").trace_id, trace);
  EXPECT_EQ(trace_parent_from("cc-" + trace + "-" + parent + "-01").trace_id, trace);
  EXPECT_TRUE(trace_parent_from("cc-" + trace + "-" + parent + "-01.what").empty());
}

TEST(TraceParent, WhatIsNotValidCountsAsNothing) {
  const std::string zeros32(32, '0');
  const std::string zeros16(16, '0');
  const std::string upper = "4BF92F3577B34DA6A3CE929D0E0E4736";
  for (const std::string& header :
       {std::string(), std::string("00"), "00-" + trace + "-" + parent,
        "00-" + trace + "-" + parent + "-01-more", "ff-" + trace + "-" + parent + "-01",
        "00-" + zeros32 + "-" + parent + "-01", "00-" + trace + "-" + zeros16 + "-01",
        "00-" + upper + "-" + parent + "-01", "00_" + trace + "_" + parent + "_01",
        "00-" + trace + "-" + parent + "-0x"}) {
    EXPECT_TRUE(trace_parent_from(header).empty()) << header;
  }
}

TEST(TraceParent, IsWrittenAsItIsRead) {
  const std::string text = traceparent_text(trace, parent);
  EXPECT_EQ(text, "00-" + trace + "-" + parent + "-01");
  EXPECT_EQ(trace_parent_from(text), (TraceParent{.trace_id = trace, .span_id = parent}));
}

}  // namespace
}  // namespace colonnade::core
