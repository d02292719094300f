// Runs as OTLP/HTTP JSON: one request to /v1/traces, in the names of OpenTelemetry's conventions
// for generative AI (gen_ai.*), and ours where there are none (colonnade.*).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>

#include "core/spans/span_store.hpp"

namespace colonnade::app {

// What was said and done in a run, as JSON texts, without secrets. For who asked for it.
struct OtlpContent {
  std::string input_messages{};   // "" for none
  std::string output_messages{};  // the same
  struct Call {
    std::string arguments{};
    std::string result{};
  };
  std::map<std::string, Call> calls{};  // by the tool call's id
};

struct OtlpRun {
  core::RunTraced traced;
  std::optional<OtlpContent> content{};
};

std::string otlp_body(std::span<const OtlpRun> runs);

}  // namespace colonnade::app
