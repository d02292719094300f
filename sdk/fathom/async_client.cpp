// The Fathom client for coroutines. Every method plans its call before it returns; only the sending
// waits for the co_await.
#include "colonnade/fathom.hpp"
#include "sdk/fathom/calls.hpp"
#include "sdk/fathom/reconnect_stream.hpp"
#include "sdk/fathom/session.hpp"

namespace colonnade::inline v1::fathom {
namespace {

using colonnade::detail::AsyncEventStream;
using colonnade::detail::perform_async;

Task<void> without_result(Task<bool> done) {
  [[maybe_unused]] const bool answered = co_await std::move(done);
}

// A stream that cannot be planned tells so from its first next(), like any other error of opening.
template <class E>
class FailedStream final : public AsyncStreamSource<E> {
 public:
  explicit FailedStream(Failure failure) : failure_(std::move(failure)) {}
  bool ready() const noexcept override { return true; }
  Task<void> fill() override { co_return; }
  std::optional<E> take() override { detail::raise(failure_); }
  bool cancelled() const noexcept override { return false; }

 private:
  Failure failure_;
};

template <class E>
AsyncStream<E> plan_stream(const detail::Session& session, Result<calls::CallSpec> spec,
                           colonnade::detail::EventRules<E> rules) {
  if (!spec) {
    return AsyncStream<E>(std::make_shared<FailedStream<E>>(std::move(spec).error()));
  }
  return AsyncStream<E>(
      std::make_shared<AsyncEventStream<E>>(session.channel, *std::move(spec), rules));
}

}  // namespace

AsyncThreads::AsyncThreads(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Thread>> AsyncThreads::list() const {
  return perform_async(session_, calls::list_threads());
}
Task<ThreadDetail> AsyncThreads::get(std::string_view id) const {
  return perform_async(session_, calls::get_thread(id));
}
Task<Thread> AsyncThreads::create(std::string_view title) const {
  return perform_async(session_, calls::create_thread(title));
}
Task<Thread> AsyncThreads::create(const CreateThread& request) const {
  return create(std::string_view(request.title));
}
Task<Exchange> AsyncThreads::send(std::string_view id, std::string_view text) const {
  return perform_async(session_, calls::send(id, text, {}));
}
Task<Exchange> AsyncThreads::send(std::string_view id, const SendMessage& message) const {
  return perform_async(session_, calls::send(id, message.text, message.client_message_id));
}
Task<void> AsyncThreads::remove(std::string_view id) const {
  return without_result(perform_async(session_, calls::remove_thread(id)));
}
Task<void> AsyncThreads::restore(std::string_view id) const {
  return without_result(perform_async(session_, calls::restore_thread(id)));
}
Task<std::string> AsyncThreads::rename(std::string_view id, std::string_view title) const {
  return perform_async(session_, calls::rename_thread(id, title));
}
Task<std::vector<Message>> AsyncThreads::messages(std::string_view id) const {
  return perform_async(session_, calls::messages(id, MessagePage{}));
}
Task<std::vector<Message>> AsyncThreads::messages(std::string_view id,
                                                  const MessagePage& page) const {
  return perform_async(session_, calls::messages(id, page));
}
Task<ThreadUsage> AsyncThreads::usage(std::string_view id) const {
  return perform_async(session_, calls::usage(id));
}
Task<std::vector<SearchHit>> AsyncThreads::search(const Search& request) const {
  return perform_async(session_, calls::search(request));
}
AsyncStream<Event> AsyncThreads::stream(std::string_view id) const {
  return plan_stream(*session_, calls::thread_stream(id), detail::thread_rules());
}
AsyncStream<Event> AsyncThreads::stream_reconnecting(std::string_view id) const {
  const ReconnectOptions defaults;
  return stream_reconnecting(id, defaults);
}
AsyncStream<Event> AsyncThreads::stream_reconnecting(std::string_view id,
                                                     const ReconnectOptions& options) const {
  auto plan = detail::plan_reconnect(session_, id);
  if (!plan) {
    return AsyncStream<Event>(std::make_shared<FailedStream<Event>>(std::move(plan).error()));
  }
  return AsyncStream<Event>(std::make_shared<detail::AsyncReconnect>(*std::move(plan), options));
}

AsyncDevices::AsyncDevices(std::shared_ptr<const detail::Session> session)
    : session_(std::move(session)) {}

Task<std::vector<Device>> AsyncDevices::list() const {
  return perform_async(session_, calls::list_devices());
}
Task<void> AsyncDevices::revoke(std::string_view id) const {
  return without_result(perform_async(session_, calls::revoke_device(id)));
}

AsyncClient::AsyncClient() : AsyncClient(Options{}) {}
AsyncClient::AsyncClient(const Options& options) : AsyncClient(detail::open_session(options)) {}
AsyncClient::AsyncClient(std::shared_ptr<const detail::Session> session)
    : threads(session), devices(session), session_(std::move(session)) {}
AsyncClient::~AsyncClient() { close(); }
AsyncClient::AsyncClient(AsyncClient&&) noexcept = default;
AsyncClient& AsyncClient::operator=(AsyncClient&& other) noexcept {
  if (this != &other) {
    close();
    threads = std::move(other.threads);
    devices = std::move(other.devices);
    session_ = std::move(other.session_);
  }
  return *this;
}

Task<Claim> AsyncClient::pair(const PairRequest& request) const {
  return perform_async(session_, calls::pair(request));
}
Task<PairingCode> AsyncClient::pair_start() const {
  return perform_async(session_, calls::pair_start());
}
Task<std::optional<Device>> AsyncClient::pair_watch(std::string_view code) const {
  return perform_async(session_, calls::pair_watch(code));
}
Task<Health> AsyncClient::health() const { return perform_async(session_, calls::health()); }
Task<bool> AsyncClient::ready() const { return perform_async(session_, calls::ready()); }
Task<OneShotReply> AsyncClient::message(std::string_view text) const {
  return perform_async(session_, calls::message(text));
}
AsyncStream<ReplyEvent> AsyncClient::message_stream(std::string_view text) const {
  return plan_stream(*session_, calls::message_stream(text), detail::reply_rules());
}
Task<Json> AsyncClient::request(std::string_view method, std::string_view path) const {
  return perform_async(session_, calls::request(method, path, Json()));
}
Task<Json> AsyncClient::request(std::string_view method, std::string_view path,
                                const Json& body) const {
  return perform_async(session_, calls::request(method, path, body));
}
AsyncClient AsyncClient::with(const CallOptions& options) const {
  return AsyncClient(detail::derive(*session_, options));
}
AsyncClient AsyncClient::with_token(std::string_view token) const {
  return AsyncClient(detail::derive(*session_, token));
}
void AsyncClient::close() noexcept { colonnade::detail::close(session_.get()); }

}  // namespace colonnade::inline v1::fathom
