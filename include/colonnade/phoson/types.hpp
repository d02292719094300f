// Options, data and requests of the Phoson client. Include colonnade/phoson.hpp.
//
// The client checks what decides where a request goes: key, URL, ids. Everything else is for the
// server to judge, which answers 422 and says what is wrong.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/time.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::phoson {

using colonnade::Timestamp;
using colonnade::to_string;

// --- options
// --------------------------------------------------------------------------------------

// Zero means no limit.
struct Timeouts {
  std::chrono::milliseconds connect{10'000};  // to an open connection, TLS included
  std::chrono::milliseconds call{60'000};     // silence on an ordinary call
  std::chrono::milliseconds send{600'000};    // silence on messages.send(), which waits for a run
  // Silence on a stream, its opening included. A server keeps alive every 15 s.
  std::chrono::milliseconds stream{120'000};
};

struct Options {
  std::string api_key{};  // must be given; sent with every request but health()
  // http or https, with or without a path; no query, fragment or user.
  std::string base_url{"https://api.phoson.ai"};
  Timeouts timeouts{};
  HttpOptions http{};  // all but its timeouts, which stand above

  // `api_key` from PHOSON_API_KEY, and `base_url` from PHOSON_BASE_URL where that is set. Nothing
  // else of this client reads the environment. std::invalid_argument without a key.
  COLONNADE_API static Options from_env();
};

// --- data
// -----------------------------------------------------------------------------------------

// What an agent remembers beside its conversations: exact values by key, or texts by similarity.
enum class MemoryType {
  persistent,
  semantic,
  unknown,  // of a newer server; see Agent::memory_type_text
};

COLONNADE_API std::string_view to_string(MemoryType type) noexcept;  // "" for unknown

struct Agent {
  std::string id{};
  std::string name{};
  std::string description{};
  MemoryType memory_type = MemoryType::unknown;
  std::string memory_type_text{};      // as the server wrote it
  std::vector<std::string> mcp_ids{};  // attached MCP servers, in the order they were attached
  Timestamp created_at{};
  Timestamp updated_at{};
  Json extra{};  // fields this version does not know; null without any
};

struct Conversation {
  std::string id{};
  std::string agent_id{};
  std::string title{};
  std::string thread_id{};  // the creator's own label, else equal to `id`
  Timestamp created_at{};
  Timestamp updated_at{};
  Json extra{};
};

struct ToolCall {
  std::string tool_call_id{};
  std::string tool{};
  Json input{};
  std::string result{};  // text as it is, any other value as JSON; "Error: …" when the tool failed
  Json extra{};
};

struct Usage {
  std::int64_t input_tokens = 0;
  std::int64_t output_tokens = 0;
  Json extra{};
};

struct Message {
  std::string id{};
  std::string conversation_id{};
  std::string role{};  // "user", "assistant" or "system"
  std::string content{};
  std::string run_id{};                   // the run that made it, or that it started
  std::optional<std::string> provider{};  // this and the next two: of the assistant's messages
  std::optional<std::string> model{};
  std::optional<std::string> reasoning{};  // the whole text
  std::vector<ToolCall> tool_calls{};
  std::optional<Usage> usage{};
  Timestamp created_at{};
  Json extra{};
};

// A source of tools that the operator registered with the server.
struct McpServer {
  std::string id{};
  std::string name{};
  std::string transport{};             // "stdio" or "http"
  std::vector<std::string> command{};  // of stdio
  std::optional<std::string> url{};    // of http
  Timestamp created_at{};
  Json extra{};
};

// --- requests
// -------------------------------------------------------------------------------------

struct CreateAgent {
  std::string name{};  // 1 to 200 characters
  std::string description{};
  MemoryType memory_type = MemoryType::persistent;
};

// What is not set stays as it is.
struct UpdateAgent {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
};

struct CreateConversation {
  std::string agent_id{};
  std::string title{};      // "": "New Conversation"
  std::string thread_id{};  // a label of the caller's, at most 255 characters; "": the id
};

struct UpdateConversation {
  std::optional<std::string> title{};
};

// Who answers: one of the three that every server knows, or any name that this one has configured.
class Provider {
 public:
  enum Known { anthropic, openai, openrouter };

  Provider() = default;  // the server's choice
  Provider(Known known)
      : name_(known == anthropic ? "anthropic"
              : known == openai  ? "openai"
                                 : "openrouter") {}
  Provider(std::string name) : name_(std::move(name)) {}
  Provider(std::string_view name) : name_(name) {}
  Provider(const char* name) : name_(name) {}

  const std::string& name() const noexcept { return name_; }  // "" for the server's choice
  friend bool operator==(const Provider&, const Provider&) = default;

 private:
  std::string name_{};
};

enum class ReasoningEffort { low, medium, high };

// How a message is to be answered. What is not set is not sent: the server's configuration counts.
struct MessageOptions {
  std::string model{};
  Provider provider{};
  std::optional<double> temperature{};  // 0 to 2
  std::optional<int> max_tokens{};      // at least 1
  std::optional<ReasoningEffort> reasoning_effort{};
};

// Either a command, for a server that is started and spoken to over stdio, or the URL of one that
// runs. `env` and `headers` may hold secrets; no reply holds them.
struct CreateMcpServer {
  std::string name{};  // goes before the names of its tools: "files" gives "files__read"
  std::vector<std::string> command{};
  std::string url{};
  std::map<std::string, std::string> env{};      // of the command
  std::map<std::string, std::string> headers{};  // of requests to the URL
};

}  // namespace colonnade::inline v1::phoson
