// long: one log, and a case for each event that it is made of
#include "dialects/platos/turn_events.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/utf8.hpp"
#include "core/budgets/budget.hpp"
#include "core/governance/action.hpp"
#include "core/governance/approval_request.hpp"
#include "core/runs/sub_agents.hpp"
#include "core/safety/safety_filter.hpp"
#include "core/tasks/task_status.hpp"
#include "dialects/platos/turn_limits.hpp"
#include "dialects/platos/wire_values.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::JsonWriter;

// Of the event `status`, beside connected_status (platos §3.5).
constexpr std::string_view thinking_status = "thinking";
constexpr std::string_view executing_status = "executing";
constexpr std::string_view generating_status = "generating";

template <class... Handlers>
struct Match : Handlers... {
  using Handlers::operator()...;
};

std::string cut(std::string_view text, std::size_t bytes_max) {
  return std::string(base::cut_utf8(text, bytes_max));
}

// A tool's output as JSON where it is an object or an array, else as it stands.
base::Json result_value(const std::string& content) {
  if (!content.starts_with('{') && !content.starts_with('[')) return content;
  auto tree = base::parse_json(content, "result");
  if (tree) return std::move(*tree);
  return content;
}

// What went wrong: as the tool says it in the member `error`, else its text there.
base::Json failed_value(const std::string& content) {
  base::Json said = result_value(content);
  if (said.is_object() && said.contains("error")) return said;
  return {{"error", content}};
}

bool is_display_kind(const base::Json& display) {
  constexpr std::array<std::string_view, 4> kinds{"card", "table", "code", "image-ref"};
  const auto kind = display.find("kind");
  return kind != display.end() && kind->is_string() &&
         std::ranges::find(kinds, kind->get_ref<const std::string&>()) != kinds.end();
}

std::string row_count(std::size_t rows) {
  return std::to_string(rows) + (rows == 1 ? " row" : " rows");
}

// How a result may be shown: as its tool says in the member `display`, which is taken out; else a
// table where it has rows; null for nothing.
base::Json display_of(base::Json& result) {
  if (!result.is_object()) return nullptr;
  if (const auto said = result.find("display"); said != result.end() && said->is_object()) {
    if (is_display_kind(*said)) {
      base::Json display = std::move(*said);
      result.erase(said);
      return display;
    }
  }
  const auto rows = result.find("rows");
  if (rows == result.end() || !rows->is_array()) return nullptr;
  base::Json display = {{"kind", "table"}, {"summary", row_count(rows->size())}};
  if (const auto columns = result.find("columns"); columns != result.end() && columns->is_array()) {
    display["columns"] = *columns;
  }
  return display;
}

// `code` of a run that failed, by what its error begins with; the rest is the model's back end.
std::string_view failure_code(std::string_view error) {
  if (error.starts_with(core::out_of_time)) return "aborted";
  if (error.starts_with(core::out_of_rounds)) return "aborted";
  if (error.starts_with(core::budget_refusal)) return "budget_cap";
  constexpr std::array<std::string_view, 4> ours{
      "internal error", "the run's progress could not be stored", "the answer could not be stored",
      "the run could not go on"};
  const auto begins = [&](std::string_view one) { return error.starts_with(one); };
  return std::ranges::any_of(ours, begins) ? "service_unavailable" : "provider_unavailable";
}

void write_question(JsonWriter& json, const core::ApprovalRequested& asked,
                    std::string_view agent_id, std::string_view requested_by) {
  const Question question = question_of(asked.tool, asked.arguments);
  json.field("approvalId", asked.approval_id).field("action", question.action);
  if (!question.details.empty()) {
    json.field("details", base::cut_utf8(question.details, limits::platos_details_bytes_max));
  }
  if (!agent_id.empty()) json.field("agentId", agent_id);
  if (!requested_by.empty()) json.field("requestedBy", requested_by);
  json.field("timeoutSeconds", std::int64_t{limits::platos_approval_time_max.count()});
}

void write_answer(JsonWriter& json, std::string_view approval_id, std::string_view status,
                  std::string_view by, std::string_view agent_id) {
  json.field("approvalId", approval_id).field("status", status);
  json.key("respondedBy");
  by.empty() ? json.null() : json.value(by);
  if (!agent_id.empty()) json.field("agentId", agent_id);
}

// Of a background run that the turn has begun. Its texts are bounded.
void write_run_update(JsonWriter& json, const core::SpawnedJobMoved& job) {
  json.field("runId", job.job_id);
  json.field("status", core::task_status(job.state, job.attempts_made, job.failure));
  if (!job.metadata.empty()) json.key("metadata").raw(job.metadata);
  if (!job.output.empty()) json.key("output").raw(job.output);
  if (job.output_left_out) json.field("truncated", true);
  if (job.state == core::JobState::failed) {
    json.field("error", base::cut_utf8(job.error, limits::platos_details_bytes_max));
  }
}

void write_names(JsonWriter& json, std::string_view title, std::string_view language) {
  if (!title.empty()) json.field("title", title);
  if (!language.empty()) json.field("language", language);
}

}  // namespace

// --- words that others need too -----------------------------------------------------------------

Question question_of(std::string_view tool, const base::Json& arguments) {
  Question out{.action = std::string(tool)};
  const auto text = [&](const char* name) -> std::string {
    const auto found = arguments.find(name);
    return found != arguments.end() && found->is_string() ? found->get<std::string>() : "";
  };
  if (tool == core::approval_request_tool) {
    if (std::string action = text("action"); !action.empty()) out.action = std::move(action);
    out.details = text("details");
  } else if (!arguments.empty()) {
    out.details = base::to_text(arguments);
  }
  return out;
}

std::string_view resolution_of(bool approved, std::string_view by, std::string_view reason) {
  if (approved) return "approved";
  return by.empty() && reason.starts_with(core::no_answer_reason) ? "timed_out" : "rejected";
}

void write_flags(JsonWriter& json, const std::vector<core::SafetyFinding>& findings) {
  json.array();
  for (const core::SafetyFinding& one : findings) {
    json.object().field("type", core::to_string(one.type));
    json.field("severity", core::to_string(one.severity)).field("detail", one.detail);
    if (!one.matched_text.empty()) json.field("matchedText", one.matched_text);
    if (one.type == core::SafetyType::pii) json.field("piiType", one.name);
    if (one.type == core::SafetyType::injection) json.field("injectionPattern", one.name);
    json.end_object();
  }
  json.end_array();
}

void write_budget_flags(JsonWriter& json, std::string_view error) {
  const std::string_view budget = core::budget_of_refusal(error);
  if (budget.empty()) return;
  json.key("flags").array().object().field("type", "budget").field("severity", "high");
  json.field("detail", budget).end_object().end_array();
}

void write_usage(JsonWriter& json, const core::Usage& usage, std::int64_t cost_micros) {
  json.object();
  json.field("inputTokens", usage.input_tokens).field("outputTokens", usage.output_tokens);
  json.field("promptTokens", usage.input_tokens).field("completionTokens", usage.output_tokens);
  json.field("totalTokens", usage.input_tokens + usage.output_tokens);
  json.field("cachedTokens", usage.cached_input_tokens);
  json.field("cacheCreationInputTokens", usage.cache_write_tokens);
  json.field("cacheReadInputTokens", usage.cached_input_tokens);
  json.field("reasoningTokens", usage.reasoning_tokens);
  json.field("costCents", cents_of(cost_micros));
  json.end_object();
}

std::string error_event(std::string_view code, std::string_view message, std::string_view thread_id,
                        const std::function<void(JsonWriter&)>& more) {
  std::string out;
  JsonWriter json(out);
  json.object().field("type", "error");
  json.field("message", base::cut_utf8(message, limits::platos_details_bytes_max));
  if (!code.empty()) json.field("code", code);
  if (more) more(json);
  if (!thread_id.empty()) json.field("threadId", thread_id);
  json.end_object();
  return out;
}

std::string done_event(std::string_view thread_id, bool stopped) {
  std::string out;
  JsonWriter json(out);
  json.object().field("type", "done");
  if (stopped) json.field("stopped", true);
  if (!thread_id.empty()) json.field("threadId", thread_id);
  json.end_object();
  return out;
}

std::string approval_needed_event(const core::Event& event, const core::ApprovalRequested& question,
                                  std::string_view agent_id) {
  std::string out;
  JsonWriter json(out);
  json.object().field("type", "approval_needed");
  write_question(json, question, agent_id, event.owner);
  json.field("threadId", event.thread_id).end_object();
  return out;
}

std::string approval_resolved_event(const core::Event& event, const core::ApprovalResolved& answer,
                                    std::string_view agent_id) {
  std::string out;
  JsonWriter json(out);
  json.object().field("type", "approval_resolved");
  write_answer(json, answer.approval_id, resolution_of(answer.approved, answer.by, answer.reason),
               answer.by, agent_id);
  json.field("threadId", event.thread_id).end_object();
  return out;
}

std::string run_update_event(const core::Event& event, const core::SpawnedJobMoved& job) {
  std::string out;
  JsonWriter json(out);
  json.object().field("type", "run_update");
  write_run_update(json, job);
  json.field("threadId", event.thread_id).end_object();
  return out;
}

// --- the log ------------------------------------------------------------------------------------

std::vector<TurnEvent> TurnEncoder::encode(const core::Event& event) {
  if (ended_) return {};
  std::visit(
      Match{
          [&](const core::RunStarted&) { started(); },
          [&](const core::TextDelta& delta) { text(delta.text); },
          [&](const core::ReasoningDelta& delta) {
            status(thinking_status);
            text_pieces("thinking", delta.text);
          },
          [&](const core::OutputRestarted&) { restarted(); },
          [&](const core::ModelChanged& change) { changed(change); },
          [&](const core::SourcesCited& sources) {
            for (const core::Citation& one : sources.citations) cited(one);
          },
          [&](const core::SpawnedJobMoved& job) { spawned(job); },
          [&](const core::ToolCallRequested& call) { requested(call); },
          [&](const core::ToolCallStarted&) { status(executing_status); },
          [&](const core::ToolCallFinished& end) {
            const auto call = calls_.find(end.tool_call_id);
            const Call named = call != calls_.end() ? call->second : Call{end.call_id, end.tool};
            result(end.tool_call_id, named, end.state, end.result);
          },
          [&](const core::ApprovalRequested& question) { approval(question); },
          [&](const core::ApprovalResolved& answer) { resolved(answer); },
          [&](const core::ArtifactStarted& start) { artifact(start); },
          [&](const core::ArtifactDelta& delta) { artifact(delta); },
          [&](const core::ArtifactCommitted& end) { artifact(end); },
          [&](const core::ArtifactFailed& failed) { artifact(failed); },
          [&](const core::StructuredOutputMade& made) {
            const auto attempts = [&](JsonWriter& json) { json.field("attempts", made.attempts); };
            add_capped(
                "structured_output",
                [&](JsonWriter& json) {
                  json.field("object", made.value);
                  attempts(json);
                },
                attempts);
          },
          [&](const core::StructuredOutputRefused& refused) { refused_ = refused; },
          [&](const core::RunFinished& end) { finished(event, end); },
          [](const auto&) {},
      },
      event.body);
  return std::exchange(made_, {});
}

void TurnEncoder::add(std::string_view type, const Members& members) {
  TurnEvent event{.seq = ++seq_};
  JsonWriter json(event.json);
  json.object().field("type", type);
  members(json);
  if (!facts_.reply_to.empty()) json.field("replyToMessageId", facts_.reply_to);
  json.field("threadId", facts_.thread_id).field("_seq", event.seq).end_object();
  made_.push_back(std::move(event));
}

// An event that would pass the frame is sent without its large member, and says so.
void TurnEncoder::add_capped(std::string_view type, const Members& members,
                             const Members& without) {
  add(type, members);
  if (made_.back().json.size() <= limits::platos_frame_bytes_max) return;
  made_.pop_back();
  --seq_;
  add(type, [&](JsonWriter& json) {
    without(json);
    json.field("truncated", true);
  });
}

void TurnEncoder::started() {
  add("meta", [&](JsonWriter& json) {
    json.field("thread_id", facts_.thread_id).field("agent_id", facts_.agent_id);
  });
  tell_status(connected_status);
  trace_request();
}

// Another model answers from here on; it is what an error or a trace names.
void TurnEncoder::changed(const core::ModelChanged& change) {
  facts_.provider_id = change.provider;
  facts_.model = change.provider + ":" + change.model;
  trace_request();
}

// The contract gives `source` no members; these are the service's, and what of it is cited.
void TurnEncoder::cited(const core::Citation& citation) {
  ++sources_;
  add("citation", [&](JsonWriter& json) {
    json.key("source").object().field("type", "source");
    json.field("sourceType", citation.url.empty() ? "document" : "url");
    json.field("id", "source-" + std::to_string(sources_));
    if (!citation.url.empty()) json.field("url", citation.url);
    if (!citation.title.empty()) json.field("title", citation.title);
    if (!citation.text.empty()) json.field("citedText", citation.text);
    json.end_object();
  });
}

void TurnEncoder::spawned(const core::SpawnedJobMoved& job) {
  add("run_update", [&](JsonWriter& json) { write_run_update(json, job); });
}

void TurnEncoder::trace_request() {
  if (!facts_.for_operator) return;
  const auto asked = [&](JsonWriter& json) {
    json.field("model", facts_.model).field("provider", facts_.provider_id);
  };
  add_capped(
      "trace_request",
      [&](JsonWriter& json) {
        asked(json);
        json.field("systemPrompt", facts_.system_prompt);
      },
      asked);
}

// What the turn is doing, when that has changed.
void TurnEncoder::status(std::string_view now) {
  if (now != status_) tell_status(now);
}

void TurnEncoder::tell_status(std::string_view now) {
  status_ = now;
  add("status",
      [&](JsonWriter& json) { json.field("status", now).field("agentId", facts_.agent_id); });
}

// After a restart the model mostly says again what it had said: as much as is the same is left out,
// so that the texts together stay the answer. Where it says something else, all of that follows
// behind a boundary.
void TurnEncoder::text(std::string_view text) {
  if (again_ != std::string::npos) {
    const std::string_view said = std::string_view(step_text_).substr(again_);
    const std::size_t count = std::min(said.size(), text.size());
    if (said.substr(0, count) == text.substr(0, count)) {
      again_ += count;
      text.remove_prefix(count);
      if (again_ == step_text_.size()) again_ = std::string::npos;
    } else {
      std::string whole = step_text_.substr(0, again_) + std::string(text);
      again_ = std::string::npos;
      step_text_.clear();
      add("message_boundary", [](JsonWriter&) {});
      return this->text(whole);
    }
  }
  if (text.empty()) return;
  // A turn that begins with its answer says no more than that it is connected.
  if (status_ != connected_status) status(generating_status);
  if (step_text_.size() + text.size() <= limits::platos_compared_bytes_max) {
    step_text_ += text;
  } else {
    step_text_whole_ = false;
  }
  text_pieces("token", text);
}

void TurnEncoder::text_pieces(std::string_view type, std::string_view text) {
  while (!text.empty()) {
    const std::string_view cut_text = base::cut_utf8(text, limits::platos_delta_bytes_max);
    const std::size_t size = cut_text.empty() ? text.size() : cut_text.size();
    const std::string_view piece = text.substr(0, size);
    add(type, [&](JsonWriter& json) { json.field("text", piece); });
    text.remove_prefix(piece.size());
  }
}

void TurnEncoder::restarted() {
  if (step_text_.empty()) return;
  if (step_text_whole_) {
    again_ = 0;
    return;
  }
  step_text_.clear();
  step_text_whole_ = true;
  add("message_boundary", [](JsonWriter&) {});
}

void TurnEncoder::requested(const core::ToolCallRequested& call) {
  step_text_.clear();
  step_text_whole_ = true;
  again_ = std::string::npos;
  calls_.insert_or_assign(call.tool_call_id, Call{call.call_id, call.tool});
  const auto write = [&](JsonWriter& json, const base::Json& arguments) {
    json.field("name", call.tool).field("params", arguments).field("callId", call.call_id);
  };
  add_capped(
      "tool_call", [&](JsonWriter& json) { write(json, call.arguments); },
      [&](JsonWriter& json) { write(json, base::Json::object()); });
}

void TurnEncoder::result(std::string tool_call_id, const Call& call, core::ToolCallState state,
                         const std::string& content) {
  const bool failed = state != core::ToolCallState::succeeded;
  base::Json value = failed ? failed_value(content) : result_value(content);
  const base::Json display = failed ? base::Json() : display_of(value);
  const auto write = [&](JsonWriter& json, const base::Json& shown, bool with_display) {
    json.field("name", call.tool).field("result", shown).field("callId", call.call_id);
    if (with_display && display.is_object()) json.field("display", display);
    if (failed) json.field("isError", true);
  };
  add_capped(
      "tool_result", [&](JsonWriter& json) { write(json, value, true); },
      [&](JsonWriter& json) { write(json, cut(content, limits::platos_delta_bytes_max), false); });
  const bool was_open = calls_.erase(tool_call_id) > 0;
  if (core::hands_on(call.tool)) end_handed_on();
  if (!was_open || !calls_.empty()) return;
  add("message_boundary", [](JsonWriter&) {});
  status(thinking_status);  // the model is asked again
}

void TurnEncoder::approval(const core::ApprovalRequested& question) {
  questions_.insert_or_assign(question.approval_id, question.tool_call_id);
  add("approval_needed",
      [&](JsonWriter& json) { write_question(json, question, facts_.agent_id, facts_.user_id); });
}

// A call that was refused, and one that only asked, have no other end than this.
void TurnEncoder::resolved(const core::ApprovalResolved& answer) {
  questions_.erase(answer.approval_id);
  add("approval_resolved", [&](JsonWriter& json) {
    write_answer(json, answer.approval_id, resolution_of(answer.approved, answer.by, answer.reason),
                 answer.by, facts_.agent_id);
  });
  const auto call = calls_.find(answer.tool_call_id);
  if (call == calls_.end()) return;
  const Call named = call->second;
  if (named.tool == core::approval_request_tool) {
    result(answer.tool_call_id, named, core::ToolCallState::succeeded,
           core::approval_answer(answer.approved, answer.by, answer.reason));
  } else if (!answer.approved) {
    result(answer.tool_call_id, named, core::ToolCallState::denied, "denied: " + answer.reason);
  }
}

std::size_t TurnEncoder::handed_on_questions() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(questions_, [](const auto& one) { return one.second.empty(); }));
}

// What a sub-agent asked and nobody answered ends with the last of them.
void TurnEncoder::end_handed_on() {
  const bool others =
      std::ranges::any_of(calls_, [](const auto& one) { return core::hands_on(one.second.tool); });
  if (others) return;
  for (auto one = questions_.begin(); one != questions_.end();) {
    if (!one->second.empty()) {
      ++one;
      continue;
    }
    add("approval_resolved",
        [&](JsonWriter& json) { write_answer(json, one->first, "rejected", "", facts_.agent_id); });
    one = questions_.erase(one);
  }
}

// --- artifacts ----------------------------------------------------------------------------------

void TurnEncoder::artifact(const core::ArtifactStarted& start) {
  add("artifact_start", [&](JsonWriter& json) {
    json.field("artifactId", start.artifact_id).field("artifactKey", start.key);
    json.field("kind", core::to_string(start.kind)).field("revision", start.revision);
    write_names(json, start.title, start.language);
    // A new one has no id yet but its key.
    json.field("op", start.artifact_id == start.key ? "generate" : "revise");
  });
}

void TurnEncoder::artifact(const core::ArtifactDelta& delta) {
  std::string_view text = delta.text;
  while (!text.empty()) {
    const std::string_view whole = base::cut_utf8(text, limits::platos_delta_bytes_max);
    const std::string_view piece = whole.empty() ? text : whole;
    add("artifact_delta", [&](JsonWriter& json) {
      json.field("artifactId", delta.artifact_id).field("artifactKey", delta.key);
      json.field("chunk", piece);
    });
    text.remove_prefix(piece.size());
  }
}

void TurnEncoder::artifact(const core::ArtifactCommitted& end) {
  const auto write = [&](JsonWriter& json, bool with_content) {
    json.field("artifactId", end.artifact_id).field("artifactKey", end.key);
    json.field("kind", core::to_string(end.kind)).field("revision", end.revision);
    write_names(json, end.title, end.language);
    if (with_content) json.field("finalContent", end.content);
    json.field("createdAt", wire_time(end.created_at));
    if (end.content_left_out) json.field("truncated", true);
  };
  add_capped(
      "artifact_committed", [&](JsonWriter& json) { write(json, !end.content_left_out); },
      [&](JsonWriter& json) { write(json, false); });
}

void TurnEncoder::artifact(const core::ArtifactFailed& failed) {
  add("artifact_error", [&](JsonWriter& json) {
    if (!failed.artifact_id.empty()) json.field("artifactId", failed.artifact_id);
    if (!failed.key.empty()) json.field("artifactKey", failed.key);
    json.field("code", core::to_string(failed.fault));
    json.field("message", base::cut_utf8(failed.message, limits::platos_details_bytes_max));
  });
}

// --- the end ------------------------------------------------------------------------------------

void TurnEncoder::failure(const core::RunFinished& end) {
  if (refused_) {
    const auto write = [&](JsonWriter& json) {
      json.field("message", base::cut_utf8(end.error, limits::platos_details_bytes_max));
      json.field("code", "structured_output_invalid").field("attempts", refused_->attempts);
    };
    return add_capped(
        "error",
        [&](JsonWriter& json) {
          write(json);
          json.key("validationErrors").array();
          for (const std::string& one : refused_->violations) json.value(one);
          json.end_array();
        },
        write);
  }
  const std::string_view code = failure_code(end.error);
  add("error", [&](JsonWriter& json) {
    json.field("message", base::cut_utf8(end.error, limits::platos_details_bytes_max));
    json.field("code", code);
    write_budget_flags(json, end.error);
    if (code != "provider_unavailable") return;
    json.field("model", facts_.model).field("providerId", facts_.provider_id);
  });
}

void TurnEncoder::trace(const core::Event& event, const core::RunFinished& end) {
  add("trace_step", [&](JsonWriter& json) {
    json.field("model", facts_.model).field("provider", facts_.provider_id);
    json.field("finishReason", core::to_string(end.state));
    json.key("usage");
    write_usage(json, end.usage, end.cost_micros);
    json.field("cacheCreation", end.usage.cache_write_tokens);
    json.field("cacheRead", end.usage.cached_input_tokens);
    json.field("timestamp", wire_time(event.at));
  });
}

// Everything that belongs to the end is announced before `done`, and nothing after it.
void TurnEncoder::finished(const core::Event& event, const core::RunFinished& end) {
  for (const auto& [approval_id, tool_call_id] : std::exchange(questions_, {})) {
    add("approval_resolved", [&](JsonWriter& json) {
      write_answer(json, approval_id, "rejected", "", facts_.agent_id);
    });
  }
  if (end.state == core::RunState::failed) failure(end);
  if (end.message) {
    const auto findings =
        core::inspect_text(core::visible_text(end.message->parts), core::SafetySide::output);
    if (!findings.empty()) {
      add("safety_flags", [&](JsonWriter& json) {
        json.key("flags");
        write_flags(json, findings);
      });
    }
  }
  if (facts_.for_operator) trace(event, end);
  const auto usage = [&](JsonWriter& json) {
    json.key("usage");
    write_usage(json, end.usage, end.cost_micros);
  };
  add("meta", usage);
  if (end.message) {
    add("message_persisted", [&](JsonWriter& json) {
      json.field("messageId", end.message->id);
      json.field("costCents", cents_of(end.cost_micros));
    });
  }
  add("done", [&](JsonWriter& json) {
    if (end.state == core::RunState::cancelled) json.field("stopped", true);
    if (end.state == core::RunState::failed) json.field("aborted", true);
    usage(json);
  });
  made_.back().last = true;
  ended_ = true;
}

}  // namespace colonnade::dialects::platos
