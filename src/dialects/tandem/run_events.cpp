#include "dialects/tandem/run_events.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <variant>

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "core/context/token_estimate.hpp"
#include "core/governance/action.hpp"
#include "core/tools/tool_names.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/questions_wire.hpp"
#include "dialects/tandem/run_words.hpp"
#include "dialects/tandem/todos_wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::JsonWriter;

constexpr std::string_view part_updated = "message.part.updated";
constexpr std::string_view memory_search_tool = "memory_recall";

// Tells one text from another, and says nothing of it.
std::string short_hash(std::string_view text) {
  constexpr std::size_t characters = 16;
  return base::sha256_hex(text).substr(0, characters);
}

std::string query_hash(const base::Json& arguments) {
  const auto query = arguments.is_object() ? arguments.find("query") : arguments.end();
  const bool is_text = query != arguments.end() && query->is_string();
  return is_text ? short_hash(query->get_ref<const std::string&>()) : std::string();
}

std::string_view state_word(core::ToolCallState state) {
  using enum core::ToolCallState;
  switch (state) {
    case requested:
    case waiting_approval: return "pending";
    case running: return "running";
    case succeeded: return "completed";
    case denied: return "denied";
    case failed:
    case interrupted: return "failed";
  }
  return "failed";
}

// How well each memory fits that a search has found; nullopt for what is no such result.
std::optional<std::vector<double>> scores_in(std::string_view result) {
  const auto found = base::parse_json(result, "memories");
  if (!found || !found->is_object()) return std::nullopt;
  const auto memories = found->find("memories");
  if (memories == found->end() || !memories->is_array()) return std::nullopt;
  std::vector<double> out;
  for (const base::Json& one : *memories) {
    const auto score = one.is_object() ? one.find("score") : one.end();
    const bool is_scored = score != one.end() && score->is_number();
    out.push_back(is_scored ? score->get<double>() : 0.0);
  }
  return out;
}

// A piece whose JSON text is short enough to be in one event twice.
std::string_view piece_of(std::string_view text) {
  std::size_t bytes = std::min(text.size(), limits::tandem_delta_bytes_max);
  for (;;) {
    std::string_view piece = base::cut_utf8(text, bytes);
    if (piece.empty()) piece = text.substr(0, bytes);
    std::string quoted;
    base::append_json_string(quoted, piece);
    if (quoted.size() <= limits::tandem_delta_bytes_max + 1'000 || bytes <= 8) return piece;
    bytes /= 2;
  }
}

}  // namespace

// What one of core's events becomes.
class RunEvents::Writing {
 public:
  Writing(const core::Event& event, Run& run, std::vector<EventText>& out)
      : event_(event), run_(run), out_(out) {}

  void add(std::string_view type, std::string_view channel,
           const std::function<void(JsonWriter&)>& members = {}) {
    out_.push_back(event_text({.type = type,
                               .session_id = event_.thread_id,
                               .run_id = event_.run_id,
                               .channel = channel,
                               .at = event_.at},
                              members));
  }

  void started(const core::RunStarted& started) {
    run_.user_message_id = started.user_message.id;
    const base::Json* client = nullptr;
    if (started.user_message.metadata.is_object()) {
      const auto found = started.user_message.metadata.find("tandem");
      if (found != started.user_message.metadata.end() && found->is_object()) client = &*found;
    }
    const auto write = [&](JsonWriter& json) {
      json.field("startedAtMs", milliseconds_of(event_.at));
      for (const char* name : {"clientID", "agentID", "agentProfile"}) {
        json.key(name);
        const bool known = client != nullptr && client->contains(name);
        known ? json.value(client->at(name)) : json.null();
      }
      json.key("environment");
      write_environment(json);
    };
    add("session.run.started", "system", write);
    add("run.started", "log", write);
    add("session.status", "system", [](JsonWriter& json) { json.field("status", "running"); });
    prompt(started.user_message);
  }

  // The user's own words, which the engine echoes first; `agent` tells them from the model's.
  void prompt(const core::Message& message) {
    const std::string text = core::visible_text(message.parts);
    if (text.empty()) return;
    const std::string_view shown = base::first_characters(text, limits::tandem_delta_bytes_max);
    add(part_updated, "assistant", [&](JsonWriter& json) {
      part(json, "text", message.id + "-prompt", message.id);
      json.field("text", shown).end_object();
      json.field("delta", shown).field("agent", "user");
    });
  }

  void text(std::string_view text) {
    while (!text.empty()) {
      const std::string_view piece = piece_of(text);
      text.remove_prefix(piece.size());
      delta("text", piece);
      add("session.response", "assistant", [&](JsonWriter& json) {
        message_id(json);
        json.field("delta", piece);
      });
    }
  }

  void reasoning(std::string_view text) {
    while (!text.empty()) {
      const std::string_view piece = piece_of(text);
      text.remove_prefix(piece.size());
      delta("reasoning", piece);
    }
  }

  void requested(const core::ToolCallRequested& call) {
    run_.text_part += 1;
    if (std::exchange(run_.has_results, false)) run_.iteration += 1;
    Call& made = run_.calls[call.tool_call_id];
    made = {.part_id = call.tool_call_id, .arguments = kept(call.arguments)};
    if (call.tool == memory_search_tool) made.query_hash = query_hash(call.arguments);
  }

  void asked(const core::ApprovalRequested& question) {
    const bool of_sub_agent = question.tool_call_id.empty();
    Call& call = run_.calls[of_sub_agent ? question.approval_id : question.tool_call_id];
    call.part_id = question.approval_id;
    call.arguments = kept(question.arguments);
    call.tool = question.tool;
    call.is_question = is_question(question.tool);
    if (!of_sub_agent) {
      tool_part(call, question.tool, core::ToolCallState::waiting_approval, {});
    }
    if (call.is_question) {
      add("question.asked", "system", [&](JsonWriter& json) {
        json.field("id", question.approval_id);
        message_id(json);
        json.key("questions");
        write_questions(json, question.arguments);
        if (of_sub_agent) return;
        json.key("tool").object().field("callID", question.tool_call_id);
        message_id(json);
        json.end_object();
      });
      return;
    }
    const std::string tool = core::engine_tool(question.tool);
    add("permission.asked", "log", [&](JsonWriter& json) {
      json.field("requestID", question.approval_id).field("tool", tool);
      json.key("args").raw(call.arguments);
      json.field("argsSource", "provider_json").field("argsIntegrity", "ok");
      json.key("query").null();
    });
    add("permission.request", "log", [&](JsonWriter& json) {
      json.field("id", question.approval_id).field("requestID", question.approval_id);
      json.field("permission", tool).field("pattern", tool).field("tool", tool);
      json.key("args").raw(call.arguments);
      json.field("status", "pending");
    });
  }

  void answered(const core::ApprovalResolved& answer) {
    replied(answer);
    if (answer.tool_call_id.empty()) {
      run_.calls.erase(answer.approval_id);
      return;
    }
    // A call that was denied does not run, so nothing else tells its end.
    Call& call = call_of(answer.tool_call_id);
    if (answer.approved || call.tool.empty()) return;
    call.ended = true;
    ended(call, call.tool, core::ToolCallState::denied,
          answer.reason.empty() ? core::denied_by_human : std::string_view(answer.reason));
  }

  void replied(const core::ApprovalResolved& answer) {
    const bool of_sub_agent = answer.tool_call_id.empty();
    if (call_of(of_sub_agent ? answer.approval_id : answer.tool_call_id).is_question) {
      add("question.replied", "system", [&](JsonWriter& json) {
        json.field("id", answer.approval_id).field("ok", answer.approved);
      });
      return;
    }
    add("permission.replied", "log", [&](JsonWriter& json) {
      json.field("requestID", answer.approval_id);
      json.field("reply", answer.approved ? "allow" : "deny");
    });
    const bool unanswered =
        !answer.approved && answer.by.empty() && answer.reason.starts_with(core::no_answer_reason);
    if (unanswered) {
      add("permission.wait.timeout", "log", [&](JsonWriter& json) {
        json.field("requestID", answer.approval_id);
        message_id(json);
      });
    }
  }

  void call_started(const core::ToolCallStarted& started) {
    Call& call = call_of(started.tool_call_id);
    call.started_at = event_.at;
    tool_part(call, started.tool, core::ToolCallState::running, {});
    add("session.tool_call", "log", [&](JsonWriter& json) {
      json.field("tool", core::engine_tool(started.tool));
      json.key("args").raw(call.arguments);
      json.field("toolCallID", call.part_id);
      message_id(json);
    });
  }

  void call_finished(const core::ToolCallFinished& finished) {
    const Call call = call_of(finished.tool_call_id);
    run_.calls.erase(finished.tool_call_id);
    run_.has_results = true;
    if (call.ended) return;
    ended(call, finished.tool, finished.state, finished.result);
    const bool succeeded = finished.state == core::ToolCallState::succeeded;
    if (succeeded && finished.tool == "todo_write") todos(call, finished.result);
    if (finished.tool == memory_search_tool) memory_searched(call, finished);
    if (!finished.authorization_url.empty()) authorization_pending(finished);
  }

  void finished(const core::RunFinished& end) {
    const std::string_view status = status_of(end.state, end.error);
    if (end.message) final_text(*end.message);
    if (end.usage.input_tokens + end.usage.output_tokens > 0) usage(end);
    const bool failed = end.state == core::RunState::failed;
    if (failed) {
      add("session.error", "system", [&](JsonWriter& json) {
        json.key("error").object().field("code", failure_code(end.error));
        json.field("message", failure_text(end.error)).end_object();
      });
    }
    const std::string_view idle = failed                                   ? "error"
                                  : end.state == core::RunState::cancelled ? "cancelled"
                                                                           : "idle";
    add("session.status", "system", [&](JsonWriter& json) { json.field("status", idle); });
    add("session.updated", "system", [&](JsonWriter& json) { json.field("status", idle); });
    const std::string_view word = end.state == core::RunState::succeeded   ? "run.completed"
                                  : end.state == core::RunState::cancelled ? "run.cancelled"
                                                                           : "run.failed";
    const auto members = [&](JsonWriter& json) {
      json.field("status", status).field("finishedAtMs", milliseconds_of(event_.at));
      if (!end.error.empty()) json.field("error", failure_text(end.error));
    };
    add(word, "log", members);
    add("session.run.finished", "system", members);
  }

  void thread_changed(const core::ThreadChanged& change) {
    add("session.updated", "system", [&](JsonWriter& json) {
      if (change.deleted) json.field("deleted", true);
      if (!change.title.empty()) json.field("title", change.title);
      if (change.kind == core::ThreadChangeKind::archived) json.field("archived", true);
      if (change.kind == core::ThreadChangeKind::unarchived) json.field("archived", false);
    });
  }

 private:
  void message_id(JsonWriter& json) const {
    if (!run_.user_message_id.empty()) json.field("messageID", run_.user_message_id);
  }
  // Opens the object.
  void part(JsonWriter& json, std::string_view type, std::string_view id,
            std::string_view message_id) const {
    json.key("part").object().field("id", id).field("sessionID", event_.thread_id);
    if (!message_id.empty()) json.field("messageID", message_id);
    json.field("type", type);
  }
  std::string text_part_id() const {
    return "part-" + event_.run_id + "-" + std::to_string(run_.text_part);
  }
  void delta(std::string_view type, std::string_view piece) {
    add(part_updated, "assistant", [&](JsonWriter& json) {
      part(json, type, text_part_id() + (type == "text" ? "" : "-reasoning"), run_.user_message_id);
      json.field("text", piece).end_object().field("delta", piece);
    });
  }

  // The arguments by which a call's later events name it.
  static std::string kept(const base::Json& arguments) {
    return shortened(base::to_text(arguments), limits::tandem_kept_arguments_bytes_max);
  }
  // One that began before the stream did has no arguments.
  Call& call_of(const std::string& tool_call_id) {
    Call& call = run_.calls[tool_call_id];
    if (call.part_id.empty()) call = {.part_id = tool_call_id, .arguments = "{}"};
    return call;
  }

  void tool_part(const Call& call, std::string_view tool, core::ToolCallState state,
                 std::string_view result) {
    add(part_updated, "assistant", [&](JsonWriter& json) {
      part(json, "tool", call.part_id, run_.user_message_id);
      json.field("tool", core::engine_tool(tool)).key("args").raw(call.arguments);
      json.field("state", state_word(state));
      using enum core::ToolCallState;
      if (state == succeeded) json.field("result", result);
      if (state == failed || state == denied || state == interrupted) json.field("error", result);
      json.end_object();
    });
  }

  void ended(const Call& call, std::string_view tool, core::ToolCallState state,
             std::string_view result) {
    tool_part(call, tool, state, result);
    const bool succeeded = state == core::ToolCallState::succeeded;
    add("session.tool_result", "log", [&](JsonWriter& json) {
      json.field("tool", core::engine_tool(tool));
      json.field("output", succeeded ? result : std::string_view());
      if (!succeeded) json.field("error", result);
      json.field("toolCallID", call.part_id).field("state", state_word(state));
      message_id(json);
    });
  }

  // The result has the whole plan; the arguments that were kept may have been shortened.
  void todos(const Call& call, std::string_view result) {
    auto plan = base::parse_json(result, "todos");
    base::Json arguments = base::Json::object();
    if (plan && plan->is_array()) {
      arguments["todos"] = std::move(*plan);
    } else if (auto kept = base::parse_json(call.arguments, "todos"); kept && kept->is_object()) {
      arguments = std::move(*kept);
    }
    add("todo.updated", "system", [&](JsonWriter& json) {
      json.key("todos");
      write_todos(json, arguments);
    });
  }

  // The agent has looked into its memory, and what was found is before the model from now on.
  void memory_searched(const Call& call, const core::ToolCallFinished& finished) {
    if (finished.state == core::ToolCallState::failed) {
      add("memory.context.error", "log", [&](JsonWriter& json) {
        iteration(json);
        json.field("error", finished.result);
      });
    }
    if (finished.state != core::ToolCallState::succeeded) return;
    const auto scores = scores_in(finished.result);
    if (!scores) return;
    add("memory.search.performed", "log", [&](JsonWriter& json) {
      iteration(json);
      if (!call.query_hash.empty()) json.field("queryHash", call.query_hash);
      json.field("resultCount", scores->size());
      if (!scores->empty()) {
        json.field("scoreMin", std::ranges::min(*scores));
        json.field("scoreMax", std::ranges::max(*scores));
      }
      json.key("scores").array();
      for (const double score : *scores) json.value(score);
      json.end_array();
      const bool began = call.started_at != base::Time{};
      if (began) json.field("latencyMs", (event_.at - call.started_at).count() / 1000);
      json.key("sources").array();
      if (!scores->empty()) json.value("memory");
      json.end_array();
    });
    if (scores->empty()) return;
    add("memory.context.injected", "log", [&](JsonWriter& json) {
      iteration(json);
      json.field("count", scores->size());
      json.field("tokenSizeApprox", core::TokenCounter{}.text(finished.result));
    });
  }
  void iteration(JsonWriter& json) const {
    message_id(json);
    json.field("iteration", run_.iteration);
  }

  // The call could do nothing because its server waits for a human.
  void authorization_pending(const core::ToolCallFinished& finished) {
    const auto challenge = [&](JsonWriter& json) {
      message_id(json);
      json.field("tool", core::engine_tool(finished.tool));
      json.field("server", finished.tool.substr(0, finished.tool.find("__")));
      json.field("authorizationUrl", finished.authorization_url);
      json.field("message", "a human has to open this address");
      json.field("challengeId", short_hash(finished.authorization_url));
    };
    add("mcp.auth.required", "log", challenge);
    add("mcp.auth.pending", "log", [&](JsonWriter& json) {
      challenge(json);
      json.field("pending", true).field("blocked", true);
      json.field("retryAfterMs", std::int64_t{limits::tandem_authorization_retry.count()});
    });
  }

  // Once more, whole and under the answer's own id.
  void final_text(const core::Message& message) {
    const std::string text = core::visible_text(message.parts);
    if (text.empty()) return;
    add(part_updated, "assistant", [&](JsonWriter& json) {
      part(json, "text", message.id + "-text", message.id);
      json.field("text", base::first_characters(text, limits::tandem_final_text_chars_max));
      json.end_object();
    });
  }

  void usage(const core::RunFinished& end) {
    add("provider.usage", "log", [&](JsonWriter& json) {
      if (end.message) {
        json.field("messageID", end.message->id);
      } else {
        message_id(json);
      }
      json.field("promptTokens", end.usage.input_tokens);
      json.field("completionTokens", end.usage.output_tokens);
      json.field("totalTokens", end.usage.input_tokens + end.usage.output_tokens);
    });
  }

  const core::Event& event_;
  Run& run_;
  std::vector<EventText>& out_;
};

RunEvents::Run& RunEvents::run_of(const core::Event& event) {
  const auto [found, fresh] = runs_.try_emplace(event.run_id);
  if (fresh) {
    order_.push_back(event.run_id);
    if (order_.size() > limits::tandem_followed_runs_max) {
      runs_.erase(order_.front());
      order_.pop_front();
    }
  }
  return found->second;
}

void RunEvents::forget(const std::string& run_id) {
  runs_.erase(run_id);
  std::erase(order_, run_id);
}

std::vector<EventText> RunEvents::of(const core::Event& event) {
  std::vector<EventText> out;
  Writing writing(event, run_of(event), out);
  const auto& body = event.body;
  if (const auto* text = std::get_if<core::TextDelta>(&body)) {
    writing.text(text->text);
  } else if (const auto* reasoning = std::get_if<core::ReasoningDelta>(&body)) {
    writing.reasoning(reasoning->text);
  } else if (const auto* started = std::get_if<core::RunStarted>(&body)) {
    writing.started(*started);
  } else if (std::holds_alternative<core::OutputRestarted>(body)) {
    runs_[event.run_id].text_part += 1;
  } else if (const auto* requested = std::get_if<core::ToolCallRequested>(&body)) {
    writing.requested(*requested);
  } else if (const auto* asked = std::get_if<core::ApprovalRequested>(&body)) {
    writing.asked(*asked);
  } else if (const auto* answered = std::get_if<core::ApprovalResolved>(&body)) {
    writing.answered(*answered);
  } else if (const auto* begun = std::get_if<core::ToolCallStarted>(&body)) {
    writing.call_started(*begun);
  } else if (const auto* ended = std::get_if<core::ToolCallFinished>(&body)) {
    writing.call_finished(*ended);
  } else if (const auto* changed = std::get_if<core::ThreadChanged>(&body)) {
    writing.thread_changed(*changed);
  } else if (const auto* finished = std::get_if<core::RunFinished>(&body)) {
    writing.finished(*finished);
  }
  const bool over = event.run_id.empty() || std::holds_alternative<core::RunFinished>(body);
  if (over) forget(event.run_id);
  return out;
}

}  // namespace colonnade::dialects::tandem
