// Prints the request bodies of representative conversations, one JSON object a line:
// {"vendor":…,"case":…,"body":…}. typecheck.mjs judges them with the vendors' official types.
#include <iostream>
#include <string>

#include "base/json.hpp"
#include "conformance/conversations.hpp"
#include "providers/anthropic/request.hpp"
#include "providers/chat_completions/request.hpp"

namespace {

using colonnade::base::JsonWriter;
using colonnade::core::ModelRequest;
namespace anthropic = colonnade::providers::anthropic;
namespace chat = colonnade::providers::chat_completions;
namespace conformance = colonnade::conformance;

void print(std::string_view vendor, std::string_view name, const std::string& body) {
  std::string line;
  JsonWriter w(line);
  w.object().field("vendor", vendor).field("case", name).key("body").raw(body).end_object();
  std::cout << line << '\n';
}

ModelRequest refused(std::string model) {
  ModelRequest out = conformance::hello(std::move(model));
  out.messages.push_back(conformance::assistant({colonnade::core::RefusalPart{"No."}}));
  out.messages.push_back(conformance::user("Why?"));
  return out;
}

ModelRequest warm(std::string model) {
  ModelRequest out = conformance::hello(std::move(model));
  out.temperature = 0.5;
  return out;
}

void print_anthropic(const std::string& model) {
  const anthropic::RequestOptions options;
  const auto body = [&](const ModelRequest& request) {
    return anthropic::request_body(request, options);
  };
  print("anthropic", "hello", body(conformance::hello(model)));
  print("anthropic", "tool_turns", body(conformance::tool_turns(model, "anthropic")));
  print("anthropic", "files", body(conformance::with_files(model)));
  print("anthropic", "settings", body(conformance::with_settings(model)));
  print("anthropic", "refused", body(refused(model)));
  print("anthropic", "warm", body(warm(model)));
}

void print_chat(const std::string& vendor, const chat::Options& options) {
  const auto body = [&](const ModelRequest& request) {
    return chat::request_body(request, options);
  };
  print(vendor, "hello", body(conformance::hello("some-model")));
  print(vendor, "tool_turns", body(conformance::tool_turns("some-model", "somebody")));
  print(vendor, "files", body(conformance::with_files("some-model")));
  print(vendor, "settings", body(conformance::with_settings("some-model")));
  print(vendor, "refused", body(refused("some-model")));
  print(vendor, "warm", body(warm("some-model")));
}

}  // namespace

int main() {
  print_anthropic("claude-sonnet-5-5");
  print_anthropic("claude-sonnet-4-5");
  print_chat("openai", chat::openai_options());
  print_chat("openrouter", chat::openrouter_options());
}
