#include <utility>

#include "core/budgets/budget.hpp"
#include "dialects/phoson/errors.hpp"
#include "dialects/phoson/message_stream.hpp"
#include "dialects/phoson/resources.hpp"
#include "dialects/phoson/wire.hpp"
#include "dialects/row_source.hpp"
#include "dialects/run_waiting.hpp"
#include "dialects/trace_context.hpp"

namespace colonnade::dialects::phoson {
namespace {

constexpr int bad_gateway = 502;
constexpr int payment_required = 402;

// Why a turn did not begin.
net::Response start_error(const base::Error& error, const core::ModelSettings& asked) {
  if (error.kind == base::ErrorKind::conflict) {
    return error_response(409, "A run is already in progress for this conversation");
  }
  if (error.kind == base::ErrorKind::unavailable && error.field == "provider") {
    return error_response(503, "Provider not configured: " + asked.provider.value_or("(default)"));
  }
  return error_response(error, Object::conversation);
}

net::Response finished_answer(const core::FinishedRun& finished) {
  if (finished.run.error.starts_with(core::budget_refusal)) {
    return error_response(payment_required, finished.run.error);
  }
  if (finished.run.state != core::RunState::succeeded || !finished.reply) {
    return error_response(bad_gateway, failure_text(finished.run.state, finished.run.error));
  }
  return {.body = encode_message(*finished.reply)};
}

net::Response finished_stream(const core::FinishedRun& finished) {
  net::Response response{.content_type = "text/event-stream; charset=utf-8"};
  const bool succeeded = finished.run.state == core::RunState::succeeded && finished.reply;
  response.body = succeeded ? encode_run_done(finished.run.id, finished.reply->parts)
                            : encode_error(failure_text(finished.run.state, finished.run.error));
  return response;
}

net::Response stream_error(const base::Error& error) {
  return error_response(error, Object::conversation);
}

// Messages are only ever added at the end, so the places of a list's stay what they are.
class MessageRows final : public RowSource {
 public:
  MessageRows(core::Threads& threads, Principal who, std::string thread_id, ListQuery query)
      : RowSource("[", "]", query.limit),
        threads_(threads),
        who_(std::move(who)),
        thread_id_(std::move(thread_id)),
        from_(query.offset) {}

 private:
  base::Task<Rows> read(std::size_t limit) override {
    core::MessagePage page{.from = from_, .limit = limit};
    const auto messages = co_await threads_.messages(who_, thread_id_, std::move(page));
    if (!messages) co_return base::fail(messages.error());
    std::vector<std::string> rows;
    for (const core::Message& message : *messages) rows.push_back(encode_message(message));
    from_ += rows.size();
    co_return rows;
  }

  core::Threads& threads_;
  Principal who_;
  std::string thread_id_;
  std::size_t from_;
};

}  // namespace

MessageResource::MessageResource(Dependencies deps)
    : deps_(std::move(deps)),
      streams_(deps_.runs, deps_.answer_once, {.ended = finished_stream, .error = stream_error}) {}

base::Task<net::Reply> MessageResource::list(Principal who, RequestPtr request) {
  const auto query = decode_list(*request);
  if (!query) co_return query.error();
  const std::string id = conversation_id(*request);
  const auto thread = co_await deps_.threads.get(who, id);
  if (!thread) co_return error_response(thread.error(), Object::conversation);
  if (thread->deleted_at) co_return error_response(404, "Conversation not found");
  co_return net::Response{
      .source = std::make_shared<MessageRows>(deps_.threads, std::move(who), id, *query)};
}

base::Task<net::Reply> MessageResource::send(Principal who, RequestPtr request) {
  auto body = decode_send(*request);
  if (!body) co_return std::move(body.error());
  Question question{.message = {.thread_id = conversation_id(*request),
                                .settings = body->settings.over(deps_.defaults)},
                    .lane = request->lane,
                    .gone = request->disconnected};
  question.message.parts.emplace_back(core::TextPart{.text = std::move(body->content)});
  question.message.options.trace = trace_parent_of(*request);
  // The contract's order (§5.1): an unknown conversation, then one that is busy.
  const auto thread = co_await deps_.threads.get(who, question.message.thread_id);
  if (!thread) co_return error_response(thread.error(), Object::conversation);
  if (thread->deleted_at) co_return error_response(404, "Conversation not found");
  auto key = request_key(*request);
  if (body->stream) {
    auto reply = co_await stream(std::move(who), std::move(question), std::move(key));
    co_return reply;
  }
  auto work = [this, who, question = std::move(question)](Attempt attempt) mutable {
    return send_once(std::move(who), std::move(question), std::move(attempt));
  };
  auto response = co_await deps_.answer_once.run(who, std::move(key), std::move(work));
  if (!response) co_return error_response(response.error(), Object::conversation);
  co_return std::move(*response);
}

base::Task<std::expected<core::Run, Attempted>> MessageResource::start(Principal who,
                                                                       Question question) {
  const core::ModelSettings asked = question.message.settings;
  auto run = co_await deps_.runs.start(std::move(who), std::move(question.message), *question.lane);
  if (!run) co_return std::unexpected(refused(start_error(run.error(), asked)));
  co_return std::move(*run);
}

base::Task<Attempted> MessageResource::send_once(Principal who, Question question,
                                                 Attempt attempt) {
  const std::stop_token gone = question.gone;
  std::string run_id = std::move(attempt.object_id);
  if (run_id.empty()) {
    question.message.keyed_request_id = std::move(attempt.keyed_request_id);
    auto run = co_await start(who, std::move(question));
    if (!run) co_return std::move(run.error());
    run_id = std::move(run->id);
  }
  const auto finished = co_await finish_run(&deps_.runs, std::move(who), std::move(run_id), gone);
  if (!finished) {  // the server stops: the run, and the key, go on at the next start
    const bool stopping = finished.error().kind == base::ErrorKind::unavailable;
    co_return Attempted{.response = error_response(finished.error(), Object::conversation),
                        .settlement = stopping ? KeyOutcome::leave : KeyOutcome::answer};
  }
  co_return Attempted{.response = finished_answer(*finished)};
}

base::Task<net::Reply> MessageResource::stream(Principal who, Question question,
                                               std::optional<RequestKey> key) {
  base::Lane* const lane = question.lane;
  const std::int64_t before = deps_.subscriptions.now();
  KeyedStreams::Start begin =
      [this, who, question = std::move(question)](std::string keyed_request_id) mutable {
        question.message.keyed_request_id = std::move(keyed_request_id);
        return start(std::move(who), std::move(question));
      };
  auto run = co_await streams_.begin(who, std::move(key), lane, std::move(begin));
  if (!run) co_return std::move(run.error());
  net::StreamReply reply;
  reply.content_type = "text/event-stream; charset=utf-8";
  reply.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  reply.keepalive = std::string(keepalive_comment);
  auto guard = std::make_shared<RunGuard>(deps_.runs, who, run->id);
  reply.on_open = [this, scope = who.scope, thread_id = run->thread_id, before,
                   guard = std::move(guard)](std::shared_ptr<net::StreamWriter> writer) mutable {
    auto stream = std::make_shared<MessageStream>(std::move(guard), std::move(writer));
    stream->open(deps_.subscriptions, scope, std::move(thread_id), before);
  };
  co_return reply;
}

}  // namespace colonnade::dialects::phoson
