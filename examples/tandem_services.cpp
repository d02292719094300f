// What is beside sessions: providers, MCP servers, memory and tools.
//
//   TANDEM_API_TOKEN=… TANDEM_BASE_URL=http://localhost:39731 tandem_services
#include <algorithm>
#include <chrono>
#include <iostream>

#include "colonnade/tandem.hpp"
#include "deadline.hpp"

using namespace colonnade;
using namespace std::chrono_literals;

namespace {

// [providers]
bool configure(const tandem::Client& client) {
  client.providers.set_api_key("openrouter", "sk-or-example");
  client.providers.set_defaults("openrouter", "anthropic/claude-3.7-sonnet");
  for (const auto& provider : client.providers.catalog().all) {
    std::cout << provider.id << ": " << provider.models.size() << " models, "
              << provider.catalog_status << '\n';
  }
  auto model = client.providers.config().default_model();
  client.providers.remove_api_key("openrouter");
  return model == tandem::ModelRef{"openrouter", "anthropic/claude-3.7-sonnet"};
}
// [providers]

// [mcp]
// A server that nobody runs: that is no exception, but an outcome and a reason.
bool add_a_server(const tandem::Client& client) {
  client.mcp.add("arcade", "http://127.0.0.1:9/mcp", {.headers = {{"Authorization", "Bearer k"}}});
  auto connected = client.mcp.connect("arcade");
  auto server = client.mcp.list().at("arcade");
  std::cout << server.name << ": " << server.last_error.value_or("connected") << '\n';
  client.mcp.remove("arcade");
  return !connected.ok && server.last_error && !client.mcp.list().contains("arcade");
}
// [mcp]

// [memory]
bool remember(const tandem::Client& client) {
  auto stored =
      client.memory.put("Use WAL mode for sqlite in long-lived services.", {.run_id = "run-123"});
  auto found = client.memory.search("sqlite wal", {.limit = 5});
  auto listing = client.memory.list({.q = "sqlite", .user_id = "user-123"});
  client.memory.promote(stored.id);
  client.memory.demote(stored.id, "run-123");
  client.memory.remove(stored.id);
  for (const auto& memory : listing.items) std::cout << memory.content << '\n';
  return !found.results.empty() && !listing.items.empty();
}
// [memory]

bool work(std::stop_token enough) {
  auto root = tandem::Client::from_env();
  auto client = root.with({.stop = enough});
  const auto tools = client.list_tool_ids();
  return std::ranges::find(tools, "bash") != tools.end() && configure(client) &&
         add_a_server(client) && remember(client);
}

}  // namespace

int main() {
  try {
    const Deadline deadline(60s);
    return work(deadline.source().get_token()) ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
