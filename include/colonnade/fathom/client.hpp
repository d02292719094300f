// The blocking Fathom client. Include colonnade/fathom.hpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "colonnade/fathom/errors.hpp"
#include "colonnade/fathom/events.hpp"
#include "colonnade/fathom/types.hpp"
#include "colonnade/json.hpp"
#include "colonnade/options.hpp"
#include "colonnade/stream.hpp"
#include "colonnade/version.hpp"

namespace colonnade::inline v1::fathom {

namespace detail {
class Session;
}

class COLONNADE_API Threads {
 public:
  // The caller's threads that are not deleted, newest first, at most 50.
  std::vector<Thread> list() const;
  // Also finds soft-deleted ones: deleted_at is set.
  ThreadDetail get(std::string_view id) const;
  Thread create(std::string_view title = {}) const;
  Thread create(const CreateThread& request) const;
  // Sends one user message and waits until the agent is done (Timeouts::send). 409 when a turn is
  // already running in the thread, 500 when the agent failed.
  Exchange send(std::string_view id, std::string_view text) const;
  Exchange send(std::string_view id, const SendMessage& message) const;
  // Soft: restore() undoes it. (`delete` is a C++ keyword.)
  void remove(std::string_view id) const;
  void restore(std::string_view id) const;
  // The title as stored.
  std::string rename(std::string_view id, std::string_view title) const;
  // Oldest first.
  std::vector<Message> messages(std::string_view id, const MessagePage& page = {}) const;
  ThreadUsage usage(std::string_view id) const;
  // Not every server has it: 404 then.
  std::vector<SearchHit> search(const Search& request) const;
  // Opens a live stream before it returns. No replay: to see a whole turn, stream, wait for Ready,
  // then send from another thread.
  Stream<Event> stream(std::string_view id) const;
  // As stream(), but an end or a broken connection is followed by a new connection. Messages missed
  // meanwhile are read from the thread and given as UserMessage and AgentDone; no message is given
  // twice. Deltas are not recovered. Ends only when stopped; throws when the server refuses (4xx).
  Stream<Event> stream_reconnecting(std::string_view id,
                                    const ReconnectOptions& options = {}) const;

 private:
  friend class Client;
  explicit Threads(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

class COLONNADE_API Devices {
 public:
  std::vector<Device> list() const;  // newest first
  // The device's token stops working at once.
  void revoke(std::string_view id) const;

 private:
  friend class Client;
  explicit Devices(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

// A client that was constructed is the root of its connection pool; those made by with() and
// with_token() are derived from it and share the pool. Closing or destroying the root closes idle
// connections and aborts running calls and streams with CancelledError; the derived clients then
// throw fathom::Error("client closed"). Closing or destroying a derived client touches nothing.
class COLONNADE_API Client {
 public:
  Client();
  explicit Client(const Options& options);
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  Threads threads;
  Devices devices;

  // Runs a pairing code into a token; sends no Authorization. HttpError 404: unknown code, 409:
  // used, 410: expired, 429: too many attempts.
  Claim pair(const PairRequest& request) const;
  // Issues a code for another device of the same user; it lives 60 s.
  PairingCode pair_start() const;
  // Waits up to 90 s for a claim of `code`; nothing when none came yet: call again. 410: expired.
  std::optional<Device> pair_watch(std::string_view code) const;

  Health health() const;  // needs no token
  bool ready() const;     // needs no token; false when the server answers 503

  // One prompt without a thread, and its answer; servers need not offer it.
  OneShotReply message(std::string_view text) const;
  Stream<ReplyEvent> message_stream(std::string_view text) const;

  // Any other route: `path` follows /api/v1 and is sent as it is; `body` null is no body. The
  // reply's object.
  Json request(std::string_view method, std::string_view path, const Json& body = {}) const;

  // A derived client for calls with a time limit, a stop token or an idempotency key.
  Client with(const CallOptions& options) const;
  // A derived client with another token; makes no request. "" has no token at all.
  Client with_token(std::string_view token) const;
  void close() noexcept;  // idempotent

 private:
  explicit Client(std::shared_ptr<const detail::Session> session);
  std::shared_ptr<const detail::Session> session_;
};

}  // namespace colonnade::inline v1::fathom
