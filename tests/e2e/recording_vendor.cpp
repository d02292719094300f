#include "recording_vendor.hpp"

#include <functional>
#include <utility>

#include "base/limits.hpp"

namespace colonnade::e2e {
namespace {

using Json = nlohmann::json;

// A text, or a list of parts.
std::string text_of_content(const Json& message) {
  const auto content = message.find("content");
  if (content == message.end()) return {};
  if (content->is_string()) return content->get<std::string>();
  std::string out;
  if (!content->is_array()) return out;
  for (const Json& part : *content) out += part.value("text", "");
  return out;
}

std::string chunk(const Json& delta, const Json& finish_reason = nullptr) {
  Json choice = {{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}};
  return "data: " + Json{{"model", "recorded-1"}, {"choices", Json::array({choice})}}.dump() +
         "\n\n";
}

std::string said(const std::string& text) {
  // Two pieces, so that a stream has something to put together.
  const std::size_t half = text.size() / 2;
  return chunk({{"role", "assistant"}, {"content", text.substr(0, half)}}) +
         chunk({{"content", text.substr(half)}}) + chunk(Json::object(), "stop");
}

// "call write {…}"
std::string called(const std::string& text, std::size_t number) {
  const std::size_t space = text.find(' ', 5);
  const Json call = {
      {"index", 0},
      {"id", "call_" + std::to_string(number)},
      {"type", "function"},
      {"function", {{"name", text.substr(5, space - 5)}, {"arguments", text.substr(space + 1)}}}};
  return chunk({{"role", "assistant"}, {"tool_calls", Json::array({call})}}) +
         chunk(Json::object(), "tool_calls");
}

}  // namespace

RecordingVendor::RecordingVendor() : server_(routes()) {}

std::string RecordingVendor::url() const {
  return "http://127.0.0.1:" + std::to_string(server_.server.port()) + "/v1";
}

std::string RecordingVendor::configuration() const {
  return "provider: recorded\nproviders:\n  recorded:\n    kind: chat_completions\n"
         "    default_model: recorded-1\n    api_key: test-key\n    base_url: " +
         url() + "\n";
}

std::vector<std::string> RecordingVendor::heard() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> out;
  if (requests_.empty()) return out;
  for (const Json& message : requests_.back().at("messages")) {
    const std::string role = message.at("role");
    if (role != "user" && role != "assistant") continue;
    const std::string text = text_of_content(message);
    if (!text.empty()) out.push_back(role + ": " + text);
  }
  return out;
}

std::vector<Json> RecordingVendor::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<net::Route> RecordingVendor::routes() {
  const auto serve = std::bind_front(&RecordingVendor::serve, this);
  return {{.method = net::Method::post,
           .pattern = "/v1/chat/completions",
           .handler = serve,
           .body_bytes_max = limits::MiB},
          {.method = net::Method::get, .pattern = "/v1/models", .handler = serve}};
}

base::Task<net::Reply> RecordingVendor::serve(std::shared_ptr<const net::Request> request) {
  co_return net::Reply(answer(*request));
}

net::Response RecordingVendor::answer(const net::Request& request) {
  if (request.path == "/v1/models") {
    return {.body = R"({"data":[{"id":"recorded-1","name":"Recorded","context_length":9000}]})"};
  }
  Json asked = Json::parse(request.body);
  const Json last = asked.at("messages").back();
  std::size_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(asked));
    number = requests_.size();
  }
  const std::string text = text_of_content(last);
  std::string body;
  if (last.at("role") == "tool") {
    body = said("Used: " + text);
  } else if (text.starts_with("call ")) {
    body = called(text, number);
  } else {
    body = said("Heard: " + text);
  }
  return {.content_type = "text/event-stream", .body = body + "data: [DONE]\n\n"};
}

}  // namespace colonnade::e2e
