// Representative requests, built from core's values: what request encoders are judged with.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/models/model_provider.hpp"

namespace colonnade::conformance {

using base::Json;

inline core::Message user(std::vector<core::Part> parts) {
  return {.role = core::Role::user, .parts = std::move(parts)};
}
inline core::Message user(std::string text) { return user({core::TextPart{std::move(text)}}); }
inline core::Message assistant(std::vector<core::Part> parts) {
  return {.role = core::Role::assistant, .parts = std::move(parts)};
}

inline core::ToolDefinition calculator() {
  return {.name = "calculator",
          .description = "Evaluates an arithmetic expression",
          .input_schema = {{"type", "object"},
                           {"properties", {{"expression", {{"type", "string"}}}}},
                           {"required", {"expression"}}}};
}

inline core::ModelRequest hello(std::string model) {
  return {.model = std::move(model), .instructions = "Be brief.", .messages = {user("Hello")}};
}

// One whole turn in one message: reasoning, text, two parallel calls, their results, a refused
// round of arguments, text; then the next question.
inline core::ModelRequest tool_turns(std::string model, std::string provider) {
  core::ModelRequest out{.model = std::move(model), .instructions = "Use the tools."};
  out.tools = {calculator(), {.name = "clock"}};
  out.messages = {
      user("What is 2+2, and what time is it?"),
      assistant(
          {core::ReasoningPart{.provider = provider, .text = "Two calls.", .signature = "c2ln"},
           core::TextPart{"Let me see."},
           core::ToolCallPart{
               .call_id = "c1", .tool = "calculator", .arguments = {{"expression", "2+2"}}},
           core::ToolCallPart{.call_id = "c2", .tool = "clock"},
           core::ToolResultPart{.call_id = "c1", .tool = "calculator", .content = "4"},
           core::ToolResultPart{
               .call_id = "c2", .tool = "clock", .content = "no clock", .is_error = true},
           core::ReasoningPart{.provider = provider, .redacted = "b3BhcXVl"},
           core::TextPart{"It is 4; the clock is broken."}}),
      user("Thanks. And 3+3?")};
  return out;
}

inline core::ModelRequest with_files(std::string model) {
  core::ModelRequest out{.model = std::move(model)};
  out.messages = {user(
      {core::TextPart{"Look:"},
       core::FilePart{
           .mime = "image/png", .filename = "a.png", .url = "data:image/png;base64,iVBORw0KGgo="},
       core::FilePart{.mime = "image/jpeg", .url = "https://example.org/b.jpg"},
       core::FilePart{.mime = "application/pdf",
                      .filename = "c.pdf",
                      .url = "data:application/pdf;base64,JVBERi0="},
       core::FilePart{
           .mime = "text/plain", .filename = "d.txt", .url = "data:text/plain,one%20two"},
       core::FilePart{.mime = "application/zip", .filename = "e.zip", .url = "work/e.zip"}})};
  return out;
}

// Everything that may be set, set.
inline core::ModelRequest with_settings(std::string model) {
  core::ModelRequest out = hello(std::move(model));
  out.max_output_tokens = 30'000;
  out.reasoning_effort = "medium";
  out.temperature = 0.5;
  out.end_user = "user-7";
  out.tools = {calculator()};
  return out;
}

}  // namespace colonnade::conformance
