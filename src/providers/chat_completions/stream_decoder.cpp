#include "providers/chat_completions/stream_decoder.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/ids.hpp"
#include "providers/chat_completions/usage.hpp"
#include "providers/upstream/chunk.hpp"
#include "providers/upstream/citations.hpp"
#include "providers/upstream/sse_decoder.hpp"

namespace colonnade::providers::chat_completions {
namespace {

using base::Json;
using base::Result;
using upstream::Element;
using upstream::integer_member;
using upstream::member;
using upstream::object_member;
using upstream::text_member;

struct Call {
  std::optional<std::int64_t> index{};
  std::string id{};
  std::string name{};
  std::string arguments{};
  std::size_t part = 0;  // its place in the reply
};

std::vector<core::Citation> citations_of(const Json& annotations) {
  Json cited = Json::array();
  for (const Json& one : annotations) {
    const auto citation = one.find("url_citation");
    if (citation != one.end()) cited.push_back(*citation);
  }
  std::vector<core::Citation> out;
  upstream::add_citations(cited, {.url = {"url"}, .title = {"title"}, .text = {"content"}}, out);
  return out;
}

class Decoder final : public upstream::SseDecoder {
 public:
  explicit Decoder(upstream::Vendor vendor) : SseDecoder(std::move(vendor)) {}

 private:
  Result<void> on_event(std::string_view type, std::string_view data) override;
  Result<void> on_end() override;

  Result<void> choice(Element choice);
  bool delta(Element delta);
  bool content(Element content);
  bool text(std::string_view added);
  bool refusal(std::string_view added);
  bool reasoning(std::string_view added);
  bool reasoning_details(Element details);
  bool tool_calls(Element calls);
  bool tool_call_delta(Element delta);
  bool annotations(Element list);
  void merge_detail(Json piece);
  Call& call_for(Element delta, std::string_view id, std::string_view name);
  Call& new_call();

  void reply();
  core::StopReason stop_reason() const;

  // The last part when it is a P, else a new one.
  template <class P>
  P& open_part() {
    if (parts_.empty() || !std::holds_alternative<P>(parts_.back())) parts_.push_back(P{});
    return std::get<P>(parts_.back());
  }

  upstream::ChunkParser chunks_;
  std::vector<core::Part> parts_;  // calls are placeholders until the reply
  std::vector<Call> calls_;
  Json details_ = Json::array();
  Json annotations_ = Json::array();
  core::Usage usage_;
  std::string model_;
  std::string finish_;
  bool refused_ = false;
};

Result<void> Decoder::on_event(std::string_view type, std::string_view data) {
  if (data == "[DONE]") {
    if (finish_.empty() && parts_.empty())
      return base::fail(broken("ended the stream without an answer"));
    reply();
    return {};
  }
  const auto parsed = chunks_.parse(data);
  if (!parsed) return base::fail(broken("sent an event that is not JSON"));
  const Element chunk = *parsed;
  const auto error = member(chunk, "error");
  const bool says_error = error && !error->is_null();
  if (says_error || type == "error" || text_member(chunk, "object") == "error") {
    return base::fail(upstream::failure_in_stream(vendor(), upstream::tree_of(chunk), emitted()));
  }
  if (const auto model = text_member(chunk, "model"); !model.empty()) model_ = model;
  if (const auto usage = object_member(chunk, "usage")) usage_ = usage_of(*usage);
  simdjson::dom::array choices;
  if (chunk["choices"].get_array().get(choices) != simdjson::SUCCESS) return {};
  for (const Element each : choices) {
    if (integer_member(each, "index").value_or(0) != 0) continue;
    if (auto taken = choice(each); !taken) return taken;
  }
  return {};
}

// Without a finish reason the answer was cut off. With one it is whole, and only the end marker or
// the counts are missing.
Result<void> Decoder::on_end() {
  if (finish_.empty()) return base::fail(broken("closed the stream before a finish reason"));
  reply();
  return {};
}

Result<void> Decoder::choice(Element choice) {
  if (const auto error = object_member(choice, "error")) {
    return base::fail(upstream::failure_in_stream(vendor(), upstream::tree_of(*error), emitted()));
  }
  auto body = object_member(choice, "delta");
  if (!body) body = object_member(choice, "message");
  if (body && !delta(*body)) return base::fail(too_large());
  const std::string_view finish = text_member(choice, "finish_reason");
  if (finish == "error" || finish == "insufficient_system_resource") {
    return base::fail(broken("gave up on its answer (finish_reason " + std::string(finish) + ")"));
  }
  if (!finish.empty()) finish_ = finish;
  return {};
}

// Reasoning before content: a chunk that holds both ends the one and begins the other.
bool Decoder::delta(Element delta) {
  std::string_view thought = text_member(delta, "reasoning");
  if (thought.empty()) thought = text_member(delta, "reasoning_content");
  if (!reasoning(thought)) return false;
  if (const auto details = member(delta, "reasoning_details")) {
    if (!reasoning_details(*details)) return false;
  }
  if (const auto value = member(delta, "content"); value && !content(*value)) return false;
  if (!refusal(text_member(delta, "refusal"))) return false;
  if (const auto calls = member(delta, "tool_calls"); calls && !tool_calls(*calls)) return false;
  if (const auto list = member(delta, "annotations"); list && !annotations(*list)) return false;
  return true;
}

// Text, or a list of typed pieces (Mistral): {"type":"text","text":…} and
// {"type":"thinking","thinking":[{"type":"text","text":…}]}.
bool Decoder::content(Element content) {
  if (content.is_string()) return text(std::string_view(content));
  simdjson::dom::array pieces;
  if (content.get_array().get(pieces) != simdjson::SUCCESS) return true;
  for (const Element piece : pieces) {
    simdjson::dom::array thoughts;
    if (piece["thinking"].get_array().get(thoughts) == simdjson::SUCCESS) {
      for (const Element thought : thoughts) {
        if (!reasoning(text_member(thought, "text"))) return false;
      }
    } else if (!text(text_member(piece, "text"))) {
      return false;
    }
  }
  return true;
}

bool Decoder::text(std::string_view added) {
  if (added.empty()) return true;
  open_part<core::TextPart>().text.append(added);
  emit_text(added);
  return keep(added.size());
}

bool Decoder::refusal(std::string_view added) {
  if (added.empty()) return true;
  refused_ = true;
  open_part<core::RefusalPart>().text.append(added);
  emit_text(added);
  return keep(added.size());
}

bool Decoder::reasoning(std::string_view added) {
  if (added.empty()) return true;
  auto& part = open_part<core::ReasoningPart>();
  part.provider = vendor().name;
  part.text.append(added);
  emit_reasoning(added);
  return keep(added.size());
}

bool Decoder::reasoning_details(Element details) {
  simdjson::dom::array pieces;
  if (details.get_array().get(pieces) != simdjson::SUCCESS || pieces.size() == 0) return true;
  if (!keep(simdjson::minify(details).size())) return false;
  bool has_part = false;
  for (const auto& part : parts_)
    has_part = has_part || std::holds_alternative<core::ReasoningPart>(part);
  if (!has_part) open_part<core::ReasoningPart>().provider = vendor().name;
  for (const Element piece : pieces) merge_detail(upstream::tree_of(piece));
  return true;
}

// Pieces of one detail carry the same type and index; their texts join, other members fill in
// (the signature comes in a piece of its own). Encrypted details always come whole.
void Decoder::merge_detail(Json piece) {
  if (!piece.is_object()) return;
  const Json type = piece.value("type", Json());
  const bool grows = type == "reasoning.text" || type == "reasoning.summary";
  Json* last = details_.empty() ? nullptr : &details_.back();
  if (!grows || last == nullptr || last->value("type", Json()) != type ||
      last->value("index", Json()) != piece.value("index", Json())) {
    details_.push_back(std::move(piece));
    return;
  }
  for (auto& [key, value] : piece.items()) {
    Json& into = (*last)[key];
    if ((key == "text" || key == "summary") && into.is_string() && value.is_string()) {
      into.get_ref<std::string&>().append(value.get_ref<const std::string&>());
    } else if (!value.is_null() && !(value.is_string() && value.get_ref<std::string&>().empty())) {
      into = std::move(value);
    }
  }
}

bool Decoder::tool_calls(Element calls) {
  simdjson::dom::array list;
  if (calls.get_array().get(list) != simdjson::SUCCESS) return true;
  for (const Element each : list) {
    if (each.is_object() && !tool_call_delta(each)) return false;
  }
  return true;
}

bool Decoder::tool_call_delta(Element delta) {
  const std::string_view id = text_member(delta, "id");
  const auto function = object_member(delta, "function");
  const std::string_view name = function ? text_member(*function, "name") : std::string_view();
  Call& call = call_for(delta, id, name);
  if (call.id.empty()) call.id = id;
  if (call.name.empty()) call.name = name;
  std::size_t added = id.size() + name.size();
  if (function) {
    const auto arguments = member(*function, "arguments");
    if (arguments && arguments->is_string()) {
      const std::string_view piece(*arguments);
      call.arguments.append(piece);
      added += piece.size();
    } else if (arguments && arguments->is_object()) {  // not as documented, but clear enough
      const std::string whole = simdjson::minify(*arguments);
      call.arguments.append(whole);
      added += whole.size();
    }
  }
  return keep(added);
}

// Whether the delta brings arguments from their beginning.
bool begins_arguments(Element delta) {
  const auto function = object_member(delta, "function");
  const auto arguments = function ? member(*function, "arguments") : std::nullopt;
  if (!arguments) return false;
  if (arguments->is_object()) return true;
  return arguments->is_string() && std::string_view(*arguments).starts_with('{');
}

// The index tells calls apart. Some servers leave it out, and some give every call the index 0:
// there a new id together with a name begins a new call; without ids, too, a name with whole
// arguments behind a call that has all of its own.
Call& Decoder::call_for(Element delta, std::string_view id, std::string_view name) {
  const auto index = integer_member(delta, "index");
  Call* found = nullptr;
  for (auto call = calls_.rbegin(); call != calls_.rend() && found == nullptr; ++call) {
    const bool same = index ? call->index == index : (id.empty() || call->id == id);
    if (same) found = &*call;
  }
  const bool named = found != nullptr && !name.empty();
  const bool by_id = named && !id.empty() && !found->id.empty() && found->id != id;
  const bool by_arguments = named && id.empty() && found->id.empty() && !found->name.empty() &&
                            begins_arguments(delta) && base::Json::accept(found->arguments);
  const bool another = by_id || by_arguments;
  if (found == nullptr || another) {
    Call& call = new_call();
    call.index = index;
    return call;
  }
  return *found;
}

Call& Decoder::new_call() {
  calls_.push_back(Call{.part = parts_.size()});
  parts_.push_back(core::ToolCallPart{});
  return calls_.back();
}

bool Decoder::annotations(Element list) {
  simdjson::dom::array pieces;
  if (list.get_array().get(pieces) != simdjson::SUCCESS) return true;
  if (!keep(simdjson::minify(list).size())) return false;
  for (const Element piece : pieces) annotations_.push_back(upstream::tree_of(piece));
  return true;
}

core::StopReason Decoder::stop_reason() const {
  using core::StopReason;
  if (finish_ == "length" || finish_ == "max_tokens" || finish_ == "model_length") {
    return StopReason::max_tokens;
  }
  if (finish_ == "content_filter" || finish_ == "refusal" || refused_) return StopReason::refusal;
  if (!calls_.empty()) return StopReason::tool_use;
  if (finish_ == "stop_sequence") return StopReason::stop_sequence;
  return StopReason::end_turn;
}

void Decoder::reply() {
  core::ModelReply out;
  out.stop_reason = stop_reason();
  for (auto& call : calls_) {
    if (call.id.empty()) call.id = "call_" + base::random_hex(12);
    parts_[call.part] =
        upstream::tool_call(std::move(call.id), std::move(call.name), std::move(call.arguments));
  }
  if (!details_.empty()) {
    for (auto& part : parts_) {
      if (auto* first = std::get_if<core::ReasoningPart>(&part)) {
        first->details = std::move(details_);
        break;
      }
    }
  }
  const auto is_visible = [](const core::Part& part) {
    return std::holds_alternative<core::TextPart>(part) ||
           std::holds_alternative<core::RefusalPart>(part);
  };
  if (out.stop_reason == core::StopReason::refusal && std::ranges::none_of(parts_, is_visible)) {
    (void)refusal("The answer was withheld by the vendor's content filter.");
  }
  if (!annotations_.empty()) {
    out.citations = citations_of(annotations_);
    parts_.push_back(core::ProviderPart{
        vendor().name, Json{{"type", "annotations"}, {"annotations", std::move(annotations_)}}});
  }
  out.parts = std::move(parts_);
  out.usage = usage_;
  out.model = std::move(model_);
  emit_reply(std::move(out));
}

}  // namespace

std::unique_ptr<upstream::StreamDecoder> make_stream_decoder(upstream::Vendor vendor) {
  return std::make_unique<Decoder>(std::move(vendor));
}

}  // namespace colonnade::providers::chat_completions
