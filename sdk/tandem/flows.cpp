#include "sdk/tandem/flows.hpp"

#include <optional>
#include <utility>

#include "net/limits.hpp"
#include "sdk/tandem/wire.hpp"
#include "sdk/waiting.hpp"

namespace colonnade::inline v1::tandem::flows {
namespace {

using colonnade::detail::Call;
using colonnade::detail::Channel;
using colonnade::detail::FromCallback;
using colonnade::detail::Looks;
using colonnade::detail::pause;
using colonnade::detail::perform_async;
using colonnade::detail::Prepared;

Task<std::string> create_with_default_model(SessionPtr session, CreateSession request,
                                            Calling calling) {
  auto planned = calls::providers_config();
  const ProvidersConfig config = co_await perform_async(session, std::move(planned), calling);
  const std::optional<ModelRef> model = config.default_model();
  auto creating = calls::create_session(request, model ? &*model : nullptr);
  std::string id = co_await perform_async(session, std::move(creating), calling);
  co_return id;
}

// What was opened, and what must live while it is read.
struct Opened {
  std::shared_ptr<Prepared> prepared;
  TransportOpened reply;
};

Task<Opened> open(SessionPtr session, calls::CallSpec spec, Calling calling) {
  auto result = session->channel->prepare(spec, "application/json");
  if (!result) session->fail(result.error());
  const auto prepared = std::make_shared<Prepared>(*std::move(result));
  if (prepared->request.total_timeout.count() == 0) {
    prepared->request.total_timeout = session->channel->timeouts.read;  // until it is open
  }
  const auto start = [prepared, calling](Transport::OpenHandler done) {
    prepared->transport->open(std::move(prepared->request), calling, std::move(done));
  };
  FromCallback<Result<TransportOpened>> arrival(start);
  Result<TransportOpened> opened = co_await arrival;
  if (!opened) session->fail(opened.error());
  co_return Opened{.prepared = prepared, .reply = std::move(*opened)};
}

Task<std::string> read_body(SessionPtr session, std::shared_ptr<TransportStream> body) {
  std::string out;
  for (;;) {
    const auto start = [body](TransportStream::ReadHandler done) { body->read(std::move(done)); };
    FromCallback<Result<std::string>> arrival(start);
    Result<std::string> bytes = co_await arrival;
    if (!bytes) session->fail(bytes.error());
    if (bytes->empty()) co_return out;
    out += *bytes;
    if (out.size() > limits::client_reply_bytes_max) {
      session->fail(Failure{.kind = ErrorKind::transport,
                            .message = "the reply is larger than " +
                                       std::to_string(limits::client_reply_bytes_max) + " bytes",
                            .transport = TransportErrorKind::protocol});
    }
  }
}

Failure only_a_stream(const calls::CallSpec& spec) {
  return Failure{.kind = ErrorKind::malformed,
                 .message = std::string(spec.method) + " " +
                            spec.path.substr(0, spec.path.find('?')) +
                            ": this server keeps no list of events; use run_stream()",
                 .status = 200};
}

Task<std::vector<Event>> read_run_events(SessionPtr session,
                                         calls::PlannedCall<std::vector<Event>> planned,
                                         Calling calling) {
  if (!planned) session->fail(planned.error());
  const Call<std::vector<Event>> call = *std::move(planned);
  Opened opened = co_await open(session, call.spec, calling);
  TransportReply reply{.status = opened.reply.status, .headers = std::move(opened.reply.headers)};
  const bool success = reply.status >= 200 && reply.status < 300;
  const std::string* type = colonnade::detail::find_header(reply.headers, "content-type");
  if (success && type != nullptr && !colonnade::detail::other_than_event_stream(reply.headers)) {
    session->fail(only_a_stream(call.spec));
  }
  std::shared_ptr<TransportStream> body = std::move(opened.reply.body);
  reply.body = co_await read_body(session, body);
  auto refused = colonnade::detail::refusal(call.spec, reply.status, reply.body);
  if (refused) session->fail(*refused);
  auto events = call.decode(call.spec, reply);
  if (!events) session->fail(events.error());
  co_return std::move(*events);
}

template <class AnyRun>
Task<AnyRun> look_until_over(SessionPtr session, calls::PlannedCall<AnyRun> planned,
                             WaitOptions options, Calling calling) {
  if (options.interval.count() < 1) {
    session->fail(colonnade::detail::usage("WaitOptions::interval must be 1 ms or more"));
  }
  const std::shared_ptr<const Channel> channel = session->channel;
  Looks looks(options);
  for (;;) {
    AnyRun now = co_await perform_async(session, planned, calling);
    if (now.finished() || looks.time_is_up()) co_return now;
    const std::chrono::milliseconds delay = looks.next_delay();
    [[maybe_unused]] const bool slept = co_await pause(channel, delay);
  }
}

}  // namespace

Task<std::string> create_session(SessionPtr session, const CreateSession& request,
                                 Calling calling) {
  const bool has_model = !request.provider.empty() && !request.model.empty();
  if (session->real_engine && !has_model) {
    return create_with_default_model(std::move(session), request, calling);
  }
  return perform_async(std::move(session), calls::create_session(request, nullptr), calling);
}

Task<std::vector<Event>> run_events(SessionPtr session, std::string_view run_id,
                                    const RunEventsQuery& query, Calling calling) {
  return read_run_events(std::move(session), calls::run_events(run_id, query), calling);
}

Task<RoutineRun> wait_for_routine_run(SessionPtr session, Family family, std::string_view run_id,
                                      const WaitOptions& options, Calling calling) {
  return look_until_over(std::move(session), calls::get_routine_run(family, run_id), options,
                         calling);
}

Task<AutomationV2Run> wait_for_automation_v2_run(SessionPtr session, std::string_view run_id,
                                                 const WaitOptions& options, Calling calling) {
  return look_until_over(std::move(session), calls::get_automation_v2_run(run_id), options,
                         calling);
}

}  // namespace colonnade::inline v1::tandem::flows
