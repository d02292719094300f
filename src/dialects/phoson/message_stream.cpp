#include "dialects/phoson/message_stream.hpp"

#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "dialects/phoson/wire.hpp"

namespace colonnade::dialects::phoson {
namespace {

using base::JsonWriter;

// event: <type>, data: one line of JSON that repeats the type, a blank line (§4.1).
class Frame {
 public:
  explicit Frame(std::string_view type) : json_(text_) {
    text_.append("event: ").append(type).append("\ndata: ");
    json_.object().field("type", type);
  }
  JsonWriter& json() { return json_; }
  std::string take() {
    json_.end_object();
    text_ += "\n\n";
    return std::move(text_);
  }

 private:
  std::string text_{};
  JsonWriter json_;
};

std::string content_frame(std::string_view type, std::string_view content) {
  if (content.empty()) return {};
  Frame frame(type);
  frame.json().field("content", content);
  return frame.take();
}

std::string tool_start(const core::ToolCallRequested& call) {
  Frame frame("tool_start");
  frame.json().field("tool", call.tool).key("input").value(call.arguments);
  frame.json().field("tool_call_id", call.call_id);
  return frame.take();
}

std::string tool_end(const core::ToolCallFinished& call) {
  Frame frame("tool_end");
  const bool is_error = call.state != core::ToolCallState::succeeded;
  frame.json().field("tool", call.tool).field("result", result_text(call.result, is_error));
  frame.json().field("tool_call_id", call.call_id);
  return frame.take();
}

}  // namespace

std::string encode_run_done(std::string_view run_id, const std::vector<core::Part>& answer) {
  Frame frame("run_done");
  frame.json().field("content", answer_text(answer)).field("run_id", base::uuid_form(run_id));
  return frame.take();
}

std::string encode_error(std::string_view message) {
  Frame frame("error");
  frame.json().field("message", message);
  return frame.take();
}

std::string encode_event(const core::Event& event) {
  if (const auto* text = std::get_if<core::TextDelta>(&event.body)) {
    return content_frame("token", text->text);
  }
  if (const auto* thought = std::get_if<core::ReasoningDelta>(&event.body)) {
    return content_frame("reasoning", thought->text);
  }
  if (const auto* call = std::get_if<core::ToolCallRequested>(&event.body)) {
    return tool_start(*call);
  }
  if (const auto* call = std::get_if<core::ToolCallFinished>(&event.body)) return tool_end(*call);
  if (const auto* end = std::get_if<core::RunFinished>(&event.body)) {
    const bool succeeded = end->state == core::RunState::succeeded && end->message;
    return succeeded ? encode_run_done(event.run_id, end->message->parts)
                     : encode_error(failure_text(end->state, end->error));
  }
  return {};
}

void MessageStream::open(core::Subscriptions& subscriptions, const core::Scope& scope,
                         std::string thread_id, std::int64_t after) {
  auto writer = writer_;
  writer->on_closed([self = shared_from_this()] { self->close(); });
  subscription_ = subscriptions.subscribe(
      writer->lane(), core::EventTopic::of_thread(scope, std::move(thread_id)), after, *this);
}

void MessageStream::deliver(const core::EventPtr& event) {
  if (!writer_ || writer_->closed() || event->run_id != guard_->run_id()) return;
  std::string frame = encode_event(*event);
  const bool ended = std::holds_alternative<core::RunFinished>(event->body);
  if (ended) guard_->ended();
  if (!frame.empty()) writer_->send(std::make_shared<const std::string>(std::move(frame)));
  if (ended) writer_->finish();
}

void MessageStream::cut_off() {
  if (writer_) writer_->finish();
}

base::Task<void> MessageStream::ready_for_more() {
  return writer_ ? writer_->drained() : core::Subscriber::ready_for_more();
}

void MessageStream::close() {
  writer_.reset();
  guard_.reset();
  subscription_.reset();
}

}  // namespace colonnade::dialects::phoson
