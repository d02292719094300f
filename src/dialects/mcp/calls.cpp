#include "dialects/mcp/calls.hpp"

#include <condition_variable>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "dialects/mcp/limits.hpp"

namespace colonnade::dialects::mcp {

namespace {

constexpr base::ShareBounds bounds{.what = "tool calls under way",
                                   .per_account = limits::mcp_endpoint_calls_max,
                                   .total = limits::mcp_endpoint_calls_of_all};

}  // namespace

using Tickets = std::unordered_map<Calls::Ticket*, std::weak_ptr<Calls::Ticket>>;

// Shared with the tickets, which may go last.
struct CallsState {
  std::mutex mutex;
  std::condition_variable idle;
  std::unordered_map<std::string, Tickets> by_client;
  std::size_t count = 0;
  bool stopping = false;
};

Calls::Calls() : places_(bounds), state_(std::make_shared<CallsState>()) {}

Calls::Ticket::~Ticket() {
  if (!state_) return;
  const std::lock_guard lock(state_->mutex);
  const auto client = state_->by_client.find(client_);
  if (client != state_->by_client.end()) {
    client->second.erase(this);
    if (client->second.empty()) state_->by_client.erase(client);
  }
  --state_->count;
  state_->idle.notify_all();
}

std::shared_ptr<Calls::Ticket> Calls::begin(const std::string& account, const std::string& client,
                                            const std::string& id) {
  auto place = places_.take(account);
  if (!place) return nullptr;
  std::shared_ptr<Ticket> out(new Ticket());
  const std::lock_guard lock(state_->mutex);
  if (state_->stopping) return nullptr;
  Tickets& tickets = state_->by_client[client];
  for (const auto& [one, held] : tickets) {
    if (!id.empty() && one->id_ == id) return nullptr;
  }
  out->client_ = client;
  out->id_ = id;
  out->place_ = std::move(*place);
  out->state_ = state_;
  tickets[out.get()] = out;
  ++state_->count;
  return out;
}

namespace {

// Those that are still held, so that they can be stopped without the lock.
std::vector<std::shared_ptr<Calls::Ticket>> held(const Tickets& tickets) {
  std::vector<std::shared_ptr<Calls::Ticket>> out;
  for (const auto& [one, weak] : tickets) {
    if (auto ticket = weak.lock()) out.push_back(std::move(ticket));
  }
  return out;
}

}  // namespace

void Calls::cancel(const std::string& client, const std::string& id) {
  std::vector<std::shared_ptr<Ticket>> found;
  {
    const std::lock_guard lock(state_->mutex);
    const auto tickets = state_->by_client.find(client);
    if (tickets != state_->by_client.end()) found = held(tickets->second);
  }
  for (const auto& ticket : found) {
    if (ticket->id_ == id) ticket->cancel();
  }
}

void Calls::leave_all(const std::string& client) {
  std::vector<std::shared_ptr<Ticket>> found;
  {
    const std::lock_guard lock(state_->mutex);
    const auto tickets = state_->by_client.find(client);
    if (tickets != state_->by_client.end()) found = held(tickets->second);
  }
  for (const auto& ticket : found) ticket->stop_.request_stop();
}

void Calls::stop() {
  std::vector<std::shared_ptr<Ticket>> found;
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    for (const auto& [client, tickets] : state_->by_client) {
      for (auto& ticket : held(tickets)) found.push_back(std::move(ticket));
    }
  }
  for (const auto& ticket : found) ticket->stop_.request_stop();
  found.clear();
  std::unique_lock lock(state_->mutex);
  state_->idle.wait_for(lock, stop_time_max, [this] { return state_->count == 0; });
}

}  // namespace colonnade::dialects::mcp
