// The blocking Fathom client.
#include "colonnade/fathom.hpp"

#include "sdk/fathom/calls.hpp"
#include "sdk/fathom/reconnect_stream.hpp"
#include "sdk/fathom/session.hpp"

namespace colonnade::inline v1::fathom {
namespace {

using colonnade::detail::BlockingEventStream;
using colonnade::detail::perform;

template <class E>
Stream<E> open_stream(const detail::Session& session, const Result<calls::CallSpec>& spec,
                      colonnade::detail::EventRules<E> rules) {
  if (!spec) detail::raise(spec.error());
  return Stream<E>(std::make_unique<BlockingEventStream<E>>(session.channel, *spec, rules));
}

}  // namespace

Threads::Threads(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::vector<Thread> Threads::list() const { return perform(*session_, calls::list_threads()); }
ThreadDetail Threads::get(std::string_view id) const {
  return perform(*session_, calls::get_thread(id));
}
Thread Threads::create(std::string_view title) const {
  return perform(*session_, calls::create_thread(title));
}
Thread Threads::create(const CreateThread& request) const { return create(request.title); }
Exchange Threads::send(std::string_view id, std::string_view text) const {
  return perform(*session_, calls::send(id, text, {}));
}
Exchange Threads::send(std::string_view id, const SendMessage& message) const {
  return perform(*session_, calls::send(id, message.text, message.client_message_id));
}
void Threads::remove(std::string_view id) const { perform(*session_, calls::remove_thread(id)); }
void Threads::restore(std::string_view id) const { perform(*session_, calls::restore_thread(id)); }
std::string Threads::rename(std::string_view id, std::string_view title) const {
  return perform(*session_, calls::rename_thread(id, title));
}
std::vector<Message> Threads::messages(std::string_view id, const MessagePage& page) const {
  return perform(*session_, calls::messages(id, page));
}
ThreadUsage Threads::usage(std::string_view id) const {
  return perform(*session_, calls::usage(id));
}
std::vector<SearchHit> Threads::search(const Search& request) const {
  return perform(*session_, calls::search(request));
}
Stream<Event> Threads::stream(std::string_view id) const {
  return open_stream(*session_, calls::thread_stream(id), detail::thread_rules());
}
Stream<Event> Threads::stream_reconnecting(std::string_view id,
                                           const ReconnectOptions& options) const {
  auto plan = detail::plan_reconnect(session_, id);
  if (!plan) detail::raise(plan.error());
  return Stream<Event>(std::make_unique<detail::BlockingReconnect>(*std::move(plan), options));
}

Devices::Devices(std::shared_ptr<const detail::Session> session) : session_(std::move(session)) {}

std::vector<Device> Devices::list() const { return perform(*session_, calls::list_devices()); }
void Devices::revoke(std::string_view id) const { perform(*session_, calls::revoke_device(id)); }

Client::Client() : Client(Options{}) {}
Client::Client(const Options& options) : Client(detail::open_session(options)) {}
Client::Client(std::shared_ptr<const detail::Session> session)
    : threads(session), devices(session), session_(std::move(session)) {}
Client::~Client() { close(); }
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&& other) noexcept {
  if (this != &other) {
    close();
    threads = std::move(other.threads);
    devices = std::move(other.devices);
    session_ = std::move(other.session_);
  }
  return *this;
}

Claim Client::pair(const PairRequest& request) const {
  return perform(*session_, calls::pair(request));
}
PairingCode Client::pair_start() const { return perform(*session_, calls::pair_start()); }
std::optional<Device> Client::pair_watch(std::string_view code) const {
  return perform(*session_, calls::pair_watch(code));
}
Health Client::health() const { return perform(*session_, calls::health()); }
bool Client::ready() const { return perform(*session_, calls::ready()); }
OneShotReply Client::message(std::string_view text) const {
  return perform(*session_, calls::message(text));
}
Stream<ReplyEvent> Client::message_stream(std::string_view text) const {
  return open_stream(*session_, calls::message_stream(text), detail::reply_rules());
}
Json Client::request(std::string_view method, std::string_view path, const Json& body) const {
  return perform(*session_, calls::request(method, path, body));
}
Client Client::with(const CallOptions& options) const {
  return Client(detail::derive(*session_, options));
}
Client Client::with_token(std::string_view token) const {
  return Client(detail::derive(*session_, token));
}
void Client::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::fathom
