// The Fathom client for coroutines. Include colonnade/fathom.hpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/fathom/client.hpp"
#include "colonnade/fathom/events.hpp"
#include "colonnade/fathom/types.hpp"
#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/task.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::fathom {

// Each method reads its arguments before it returns, so they need not outlive the call. The work
// starts when the Task is awaited, and so do errors come from there. Requests are taken by name
// only: a braced temporary inside co_await is freed twice by g++ 12.
class COLONNADE_API AsyncThreads {
 public:
  Task<std::vector<Thread>> list() const;
  Task<ThreadDetail> get(std::string_view id) const;
  Task<Thread> create(std::string_view title = {}) const;
  Task<Thread> create(const CreateThread& request) const;
  Task<Thread> create(CreateThread&&) const = delete;
  Task<Exchange> send(std::string_view id, std::string_view text) const;
  Task<Exchange> send(std::string_view id, const SendMessage& message) const;
  Task<Exchange> send(std::string_view id, SendMessage&&) const = delete;
  Task<void> remove(std::string_view id) const;
  Task<void> restore(std::string_view id) const;
  Task<std::string> rename(std::string_view id, std::string_view title) const;
  Task<std::vector<Message>> messages(std::string_view id) const;
  Task<std::vector<Message>> messages(std::string_view id, const MessagePage& page) const;
  Task<std::vector<Message>> messages(std::string_view id, MessagePage&&) const = delete;
  Task<ThreadUsage> usage(std::string_view id) const;
  Task<std::vector<SearchHit>> search(const Search& request) const;
  Task<std::vector<SearchHit>> search(Search&&) const = delete;
  AsyncStream<Event> stream(std::string_view id) const;
  AsyncStream<Event> stream_reconnecting(std::string_view id) const;
  AsyncStream<Event> stream_reconnecting(std::string_view id,
                                         const ReconnectOptions& options) const;
  AsyncStream<Event> stream_reconnecting(std::string_view id, ReconnectOptions&&) const = delete;

 private:
  friend class AsyncClient;
  explicit AsyncThreads(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API AsyncDevices {
 public:
  Task<std::vector<Device>> list() const;
  Task<void> revoke(std::string_view id) const;

 private:
  friend class AsyncClient;
  explicit AsyncDevices(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// Root and derived clients: as Client.
class COLONNADE_API AsyncClient {
 public:
  AsyncClient();
  explicit AsyncClient(const Options& options);
  ~AsyncClient();
  AsyncClient(AsyncClient&&) noexcept;
  AsyncClient& operator=(AsyncClient&&) noexcept;

  AsyncThreads threads;
  AsyncDevices devices;

  Task<Claim> pair(const PairRequest& request) const;
  Task<Claim> pair(PairRequest&&) const = delete;
  Task<PairingCode> pair_start() const;
  Task<std::optional<Device>> pair_watch(std::string_view code) const;
  Task<Health> health() const;
  Task<bool> ready() const;
  Task<OneShotReply> message(std::string_view text) const;
  AsyncStream<ReplyEvent> message_stream(std::string_view text) const;
  Task<Json> request(std::string_view method, std::string_view path) const;
  Task<Json> request(std::string_view method, std::string_view path, const Json& body) const;

  AsyncClient with(const CallOptions& options) const;
  AsyncClient with(CallOptions&&) const = delete;
  AsyncClient with_token(std::string_view token) const;
  // Does not wait: running calls end with CancelledError soon after.
  void close() noexcept;

 private:
  explicit AsyncClient(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

}  // namespace colonnade::inline v1::fathom
