#include "providers/offline/script.hpp"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/utf8.hpp"
#include "core/runs/limits.hpp"
#include "providers/offline/limits.hpp"

namespace colonnade::providers::offline {
namespace {

using base::ErrorKind;
using std::string_view;

constexpr string_view notice =
    "[offline] No model is configured, so this answer is made up on this machine. Set "
    "ANTHROPIC_API_KEY, OPENAI_API_KEY or OPENROUTER_API_KEY and restart to talk to one.";

// --- reading the request ------------------------------------------------------------------------

struct Command {
  string_view name{};
  string_view argument{};
};

string_view trimmed(string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

bool is_command(string_view name) {
  constexpr string_view known[] = {"say", "think", "tokens", "tool", "slow", "refuse", "fail"};
  return std::ranges::find(known, name) != std::end(known);
}

// Splits "first rest"; the rest keeps its inner spaces.
std::pair<string_view, string_view> split_word(string_view text) {
  text = trimmed(text);
  const auto space = text.find_first_of(" \t");
  if (space == string_view::npos) return {text, {}};
  return {text.substr(0, space), trimmed(text.substr(space))};
}

std::vector<Command> commands_in(string_view text) {
  std::vector<Command> out;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const string_view line = trimmed(text.substr(0, end));
    text = end == string_view::npos ? string_view() : text.substr(end + 1);
    if (!line.starts_with('/')) continue;
    const auto [name, argument] = split_word(line.substr(1));
    if (is_command(name)) out.push_back({name, argument});
  }
  return out;
}

// The user's last message and what the turn under way has brought since.
struct ScriptInput {
  std::string said{};
  std::vector<const core::FilePart*> files{};
  std::vector<const core::ToolResultPart*> results{};
};

ScriptInput situation_of(const core::ModelRequest& request) {
  ScriptInput out;
  auto last = request.messages.rbegin();
  while (last != request.messages.rend() && last->role != core::Role::user) ++last;
  if (last != request.messages.rend()) {
    for (const auto& part : last->parts) {
      if (const auto* text = std::get_if<core::TextPart>(&part)) out.said += text->text + "\n";
      if (const auto* file = std::get_if<core::FilePart>(&part)) out.files.push_back(file);
    }
  }
  for (auto message = last.base(); message != request.messages.end(); ++message) {
    for (const auto& part : message->parts) {
      if (const auto* result = std::get_if<core::ToolResultPart>(&part)) {
        out.results.push_back(result);
      }
    }
  }
  return out;
}

// One token is one word here, in and out.
std::int64_t count_words(string_view text) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

std::int64_t count_input(const core::ModelRequest& request) {
  std::int64_t words = count_words(request.instructions);
  for (const auto& message : request.messages) {
    for (const auto& part : message.parts) {
      if (const auto* text = std::get_if<core::TextPart>(&part)) words += count_words(text->text);
      if (const auto* result = std::get_if<core::ToolResultPart>(&part)) {
        words += count_words(result->content);
      }
    }
  }
  return words;
}

// --- making the answer --------------------------------------------------------------------------

// Each piece is one word with the space behind it.
template <class Delta>
void add_words(std::vector<core::ModelEvent>& deltas, string_view text) {
  while (!text.empty()) {
    const auto space = text.find_first_of(" \n");
    const auto next = space == string_view::npos ? space : text.find_first_not_of(" \n", space);
    deltas.push_back(Delta{std::string(text.substr(0, next))});
    text = next == string_view::npos ? string_view() : text.substr(next);
  }
}

// Of what a data URL holds, or was said to hold.
std::size_t bytes_of(const core::FilePart& file) {
  constexpr string_view mark = ";base64,";
  const auto at = file.url.find(mark);
  if (!file.url.starts_with("data:") || at == std::string::npos) {
    return static_cast<std::size_t>(file.bytes);
  }
  string_view data = string_view(file.url).substr(at + mark.size());
  while (data.ends_with('=')) data.remove_suffix(1);
  return data.size() * 3 / 4;
}

// "[offline] Files seen: 2: a.png (image/png, 68 bytes), b.pdf (…)."
std::string files_seen(const std::vector<const core::FilePart*>& files) {
  std::string out = "[offline] Files seen: " + std::to_string(files.size());
  string_view before = ": ";
  for (const auto* file : files) {
    out.append(before).append(file->filename).append(" (").append(file->mime);
    out += ", " + std::to_string(bytes_of(*file)) + " bytes)";
    before = ", ";
  }
  return out + ".";
}

class ScriptInterpreter {
 public:
  explicit ScriptInterpreter(const core::ModelRequest& request) : request_(request) {}

  void say(string_view text) {
    if (!text_.empty()) add_text("\n");
    add_text(text);
  }
  void think(string_view text) {
    if (!reasoning_.empty()) reasoning_ += "\n";
    reasoning_ += text;
  }
  void play(const Command& command);
  void tokens(string_view argument);
  void call(string_view argument);
  void fail(string_view kind);
  ScriptedReply take();

 private:
  void add_text(string_view text) { text_ += text; }

  const core::ModelRequest& request_;
  ScriptedReply out_;
  std::string reasoning_;
  std::string text_;
  std::vector<core::Part> calls_;
  bool refused_ = false;
};

std::optional<int> parse_count(string_view text) {
  int count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end != text.data() + text.size() || count < 0) return std::nullopt;
  return count;
}

void ScriptInterpreter::play(const Command& command) {
  if (command.name == "say") say(command.argument);
  if (command.name == "think") think(command.argument);
  if (command.name == "tokens") tokens(command.argument);
  if (command.name == "tool") call(command.argument);
  if (command.name == "fail") fail(command.argument);
  if (command.name == "slow") {
    const auto delay = std::chrono::milliseconds(parse_count(command.argument).value_or(0));
    out_.delay = std::min<std::chrono::milliseconds>(delay, limits::offline_delay_max);
  }
  if (command.name == "refuse") {
    refused_ = true;
    say("[offline] I was told to decline.");
  }
}

void ScriptInterpreter::tokens(string_view argument) {
  const int count = std::min(parse_count(argument).value_or(0), limits::offline_tokens_max);
  std::string words;
  for (int i = 1; i <= count; ++i) {
    words += "token" + std::to_string(i);
    if (i < count) words += ' ';
  }
  say(words);
}

void ScriptInterpreter::call(string_view argument) {
  const auto [name, json] = split_word(argument);
  const auto offered = [&](const core::ToolDefinition& tool) { return tool.name == name; };
  if (std::ranges::none_of(request_.tools, offered)) {
    std::string names;
    for (const auto& tool : request_.tools) names += " " + tool.name;
    say("[offline] There is no tool \"" + std::string(name) +
        "\" here. Offered:" + (names.empty() ? " none" : names) + ".");
    return;
  }
  core::ToolCallPart call{.call_id = "offline_call_" + std::to_string(calls_.size() + 1),
                          .tool = std::string(name)};
  if (!json.empty()) {
    auto parsed = base::parse_json(json, "arguments");
    if (parsed && parsed->is_object()) {
      call.arguments = std::move(*parsed);
    } else {
      call.malformed_arguments = json;
    }
  }
  calls_.push_back(std::move(call));
}

void ScriptInterpreter::fail(string_view kind) {
  constexpr ErrorKind kinds[] = {ErrorKind::rate_limited, ErrorKind::unavailable,
                                 ErrorKind::timeout,      ErrorKind::invalid,
                                 ErrorKind::unauthorized, ErrorKind::internal};
  base::Error error{.kind = ErrorKind::upstream, .message = "offline failed, as it was told to"};
  for (const auto each : kinds) {
    if (base::to_string(each) == kind) error.kind = each;
  }
  error.retryable = error.kind == ErrorKind::rate_limited || error.kind == ErrorKind::unavailable;
  if (error.kind == ErrorKind::rate_limited) error.retry_after = limits::model_retry_delay_min;
  out_.failure = std::move(error);
}

ScriptedReply ScriptInterpreter::take() {
  add_words<core::ModelReasoningDelta>(out_.deltas, reasoning_);
  add_words<core::ModelTextDelta>(out_.deltas, text_);
  auto& reply = out_.reply;
  reply.model = request_.model;
  reply.usage.input_tokens = count_input(request_);
  reply.usage.reasoning_tokens = count_words(reasoning_);
  reply.usage.output_tokens = count_words(text_) + reply.usage.reasoning_tokens;
  if (!reasoning_.empty()) {
    reply.parts.push_back(core::ReasoningPart{.provider = "offline", .text = reasoning_});
  }
  if (!text_.empty() && refused_) reply.parts.push_back(core::RefusalPart{text_});
  if (!text_.empty() && !refused_) reply.parts.push_back(core::TextPart{text_});
  std::ranges::move(calls_, std::back_inserter(reply.parts));
  reply.stop_reason = refused_          ? core::StopReason::refusal
                      : !calls_.empty() ? core::StopReason::tool_use
                                        : core::StopReason::end_turn;
  return std::move(out_);
}

}  // namespace

ScriptedReply play_script(const core::ModelRequest& request) {
  const ScriptInput script_input = situation_of(request);
  const auto script = commands_in(script_input.said);
  ScriptInterpreter interpreter(request);
  if (!script_input.results.empty()) {
    for (const auto& command : script) {
      if (command.name == "slow") interpreter.play(command);
    }
    for (const auto* result : script_input.results) {
      interpreter.say("[offline] " + result->tool +
                      (result->is_error ? " failed: " : " answered: ") + result->content);
    }
    return interpreter.take();
  }
  for (const auto& command : script) interpreter.play(command);
  if (!script_input.files.empty()) interpreter.say(files_seen(script_input.files));
  if (script.empty()) {
    interpreter.say(notice);
    const auto said = trimmed(script_input.said);
    if (!said.empty()) {
      const auto shown = base::cut_utf8(said, limits::offline_echo_bytes_max);
      interpreter.say("You said: " + std::string(shown) + (shown.size() < said.size() ? "…" : ""));
    }
  }
  return interpreter.take();
}

}  // namespace colonnade::providers::offline
