#include "core/context/context.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "core/context/context_text.hpp"
#include "core/context/limits.hpp"
#include "core/models/limits.hpp"

namespace colonnade::core {
namespace {

// Of the note in a shortened result.
constexpr std::int64_t note_tokens = 48;

bool is_result(const Part& part) { return std::holds_alternative<ToolResultPart>(part); }

// "claude-x" was asked, "claude-x-20260101" answered, or the other way round.
bool same_model(const std::string& one, const std::string& other) {
  return !one.empty() && !other.empty() && (one.starts_with(other) || other.starts_with(one));
}

// Text in front of a message. Joined with the text that begins it: a message that is one text is
// the form that every server takes.
void put_in_front(Message& message, const std::string& preface) {
  if (!message.parts.empty()) {
    if (auto* text = std::get_if<TextPart>(&message.parts.front())) {
      text->text.insert(0, preface);
      return;
    }
  }
  message.parts.insert(message.parts.begin(), TextPart{preface});
}

}  // namespace

std::string system_prompt(const Agent& agent) {
  if (agent.id.empty() || !agent.instructions.empty()) return agent.instructions;
  std::string out;
  if (!agent.name.empty()) out += "Your name is " + agent.name + ".";
  if (!agent.description.empty()) {
    if (!out.empty()) out += "\n";
    out += "What you are: " + agent.description;
  }
  return out;
}

Context::Context(ContextStart start, const ContextOptions& options)
    : start_(std::move(start)),
      options_(options),
      counter_{.family = token_family(start_.provider, start_.model), .provider = start_.provider},
      room_(room_of(options.windows.find(start_.provider, start_.model), start_.settings,
                    options.compact_at_percent, options.input_tokens_max)),
      instructions_tokens_(counter_.text(start_.instructions)),
      left_out_(start_.history_is_cut) {
  if (start_.limits.mode == HistoryMode::rolling && start_.limits.context_limit > 0) keep_newest();
  measure_history();
  find_turns();
  set_preface();
}

void Context::measure_history() {
  message_tokens_.clear();
  message_tokens_.reserve(start_.history.size());
  for (const Message& message : start_.history) {
    message_tokens_.push_back(counter_.message(message));
  }
}

void Context::change_model(std::string provider, std::string model) {
  start_.provider = std::move(provider);
  start_.model = std::move(model);
  counter_ = {.family = token_family(start_.provider, start_.model), .provider = start_.provider};
  room_ = room_of(options_.windows.find(start_.provider, start_.model), start_.settings,
                  options_.compact_at_percent, options_.input_tokens_max);
  instructions_tokens_ = counter_.text(start_.instructions);
  measure_history();
  set_preface();
  part_tokens_.clear();
  shortened_.clear();
  shortened_tokens_.clear();
  tools_tokens_.reset();
  report_.reset();
  learned_ = false;
}

// What the agent's window of messages leaves out is not mentioned to the model: it is to look as if
// the thread began there. It begins with a message of the user.
void Context::keep_newest() {
  start_.summary.reset();
  left_out_ = false;
  std::vector<Message>& history = start_.history;
  const std::size_t kept = static_cast<std::size_t>(start_.limits.context_limit) + 1;
  std::size_t first = history.size() > kept ? history.size() - kept : 0;
  if (first == 0) return;
  while (first + 1 < history.size() && history[first].role != Role::user) ++first;
  history.erase(history.begin(), history.begin() + static_cast<std::ptrdiff_t>(first));
}

// Those that are to go into a summary, so that no more than `context_limit` messages are left
// before the turn under way; none until there are more than `compact_threshold`.
std::size_t Context::turns_over() const {
  const HistoryLimits& limit = start_.limits;
  if (limit.mode != HistoryMode::compact || limit.compact_threshold <= 0) return 0;
  if (turn_begins_.size() < 2) return 0;
  const std::size_t before = turn_begins_.back();
  if (before <= static_cast<std::size_t>(limit.compact_threshold)) return 0;
  const auto kept = static_cast<std::size_t>(std::max(0, limit.context_limit));
  std::size_t turns = 0;
  while (turns + 1 < turn_begins_.size() && before - turn_begins_[turns] > kept) ++turns;
  return turns;
}

// Each message of a user begins a turn; the history's last one begins the turn under way.
void Context::find_turns() {
  turn_begins_.clear();
  for (std::size_t i = 0; i < start_.history.size(); ++i) {
    if (i == 0 || start_.history[i].role == Role::user) turn_begins_.push_back(i);
  }
}

void Context::set_preface() {
  preface_ = preface_text(start_.summary ? start_.summary->text : std::string(), left_out_);
  preface_tokens_ = counter_.text(preface_);
}

void Context::measure(const std::vector<Part>& turn) {
  for (std::size_t i = part_tokens_.size(); i < turn.size(); ++i) {
    part_tokens_.push_back(counter_.part(turn[i]));
  }
}

ContextSizes Context::sizes(const std::vector<Part>& turn) const {
  ContextSizes out{.fixed = fixed_tokens_, .summary = preface_tokens_};
  for (std::size_t t = 0; t + 1 < turn_begins_.size(); ++t) {
    std::int64_t sum = 0;
    for (std::size_t i = turn_begins_[t]; i < turn_begins_[t + 1]; ++i) sum += message_tokens_[i];
    out.turns.push_back(sum);
  }
  for (std::size_t i = turn_begins_.empty() ? 0 : turn_begins_.back(); i < message_tokens_.size();
       ++i) {
    out.open += message_tokens_[i];
  }
  if (!turn.empty()) out.open += counter_.message({});  // the one that holds them
  bool newest = true;
  for (std::size_t i = turn.size(); i-- > 0;) {
    if (!is_result(turn[i])) {
      newest = false;
      out.open += part_tokens_[i];
      continue;
    }
    const auto shorter = shortened_tokens_.find(i);
    out.results.push_back(
        {.tokens = shorter == shortened_tokens_.end() ? part_tokens_[i] : shorter->second,
         .newest = newest});
  }
  std::ranges::reverse(out.results);
  out.turns_over = turns_over();
  out.too_many_messages = start_.history.size() >= limits::context_messages_max;
  return out;
}

// What an estimate is to be multiplied with. What grew behind the last counted request is not
// trusted to be overestimated.
double Context::correction(std::int64_t estimated) const {
  if (!report_ || estimated <= 0) return 1;
  const double ratio =
      static_cast<double>(report_->counted) / static_cast<double>(report_->estimated);
  if (estimated <= report_->estimated) return ratio;
  const double grown = static_cast<double>(estimated - report_->estimated) * std::max(1.0, ratio);
  return (static_cast<double>(report_->counted) + grown) / static_cast<double>(estimated);
}

// The thread's last reply says what its calls had as input, all together. They are compared with
// the mean of what is estimated for them.
void Context::learn_from_history() {
  if (std::exchange(learned_, true) || start_.history.size() < 2) return;
  const std::size_t at = start_.history.size() - 2;
  const Message& reply = start_.history[at];
  if (reply.role != Role::assistant || !reply.usage || !same_model(reply.model, start_.model)) {
    return;
  }
  // The usage of a run that made a summary counts that call too.
  if (start_.summary && start_.summary->run_id == reply.run_id) return;
  std::int64_t input = fixed_tokens_ + preface_tokens_;
  for (std::size_t i = 0; i < at; ++i) input += message_tokens_[i];
  std::int64_t sum = input;
  std::int64_t calls = 1;
  for (std::size_t i = 0; i < reply.parts.size(); ++i) {
    if (i > 0 && is_result(reply.parts[i - 1]) && !is_result(reply.parts[i])) {
      sum += input;
      ++calls;
    }
    input += counter_.part(reply.parts[i]);
  }
  estimated_ = sum / calls;
  reported({.input_tokens = reply.usage->input_tokens / calls});
}

void Context::reported(const Usage& usage) {
  const std::int64_t counted = usage.input_tokens;
  const bool credible = counted > 0 && counted / limits::context_report_factor_max <= estimated_ &&
                        estimated_ / limits::context_report_factor_max <= counted;
  if (credible)
    report_ = Report{.estimated = std::max<std::int64_t>(1, estimated_), .counted = counted};
}

void Context::refused() {
  report_ = Report{.estimated = std::max<std::int64_t>(1, estimated_),
                   .counted = std::max(room_.window, estimated_ * 5 / 4)};
}

ContextPlan Context::next(const std::vector<Part>& turn, const std::vector<ToolDefinition>& tools) {
  measure(turn);
  if (!tools_tokens_) tools_tokens_ = counter_.tools(tools);
  fixed_tokens_ = instructions_tokens_ + *tools_tokens_;
  learn_from_history();
  for (;;) {
    ContextSizes now = sizes(turn);
    estimated_ = now.total();
    const double factor = correction(estimated_);
    const auto correct = [factor](std::int64_t& tokens) {
      tokens = static_cast<std::int64_t>(std::ceil(static_cast<double>(tokens) * factor));
    };
    correct(now.fixed);
    correct(now.summary);
    correct(now.open);
    for (std::int64_t& each : now.turns) correct(each);
    for (ResultSize& result : now.results) correct(result.tokens);
    tokens_ = now.total();
    ContextPlan plan = plan_context(now, room_);
    if (plan.step != ContextPlan::Step::send || plan.results.empty()) return plan;
    // Shortened by bytes, which is not exact: looked at again, until it fits or nothing is left.
    if (!shorten(turn, plan.results, now)) return {.step = ContextPlan::Step::too_large};
  }
}

// Whether anything became shorter.
bool Context::shorten(const std::vector<Part>& turn, const std::vector<std::int64_t>& results,
                      const ContextSizes& sizes) {
  bool any = false;
  std::size_t at = 0;
  for (std::size_t i = 0; i < turn.size(); ++i) {
    const auto* result = std::get_if<ToolResultPart>(&turn[i]);
    if (result == nullptr) continue;
    const std::int64_t tokens = sizes.results[at].tokens;
    const std::int64_t left = results[at++];
    if (left >= tokens) continue;
    const auto before = shortened_.find(i);
    const std::size_t bytes =
        before == shortened_.end() ? result->content.size() : before->second.size();
    const std::int64_t text_left = std::max<std::int64_t>(0, left - note_tokens);
    const std::size_t keep =
        bytes * static_cast<std::size_t>(text_left) / static_cast<std::size_t>(tokens);
    std::string shorter = shortened_result(result->content, keep);
    if (shorter.size() >= bytes) continue;
    ToolResultPart part = *result;
    part.content = shorter;
    shortened_tokens_[i] = counter_.part(part);
    shortened_[i] = std::move(shorter);
    any = true;
  }
  return any;
}

ModelRequest Context::request(const std::vector<Part>& turn,
                              const std::vector<ToolDefinition>& tools) const {
  const ModelSettings& settings = start_.settings;
  ModelRequest out{.model = start_.model,
                   .instructions = start_.instructions,
                   .messages = start_.history,
                   .tools = tools,
                   .temperature = settings.temperature,
                   .max_output_tokens = settings.max_output_tokens,
                   .reasoning_effort = settings.reasoning_effort,
                   .cache_key = start_.thread_id};
  std::ranges::sort(out.tools, {}, &ToolDefinition::name);
  if (!preface_.empty()) {
    if (out.messages.empty() || out.messages.front().role != Role::user) {
      out.messages.insert(out.messages.begin(), Message{.role = Role::user});
    }
    put_in_front(out.messages.front(), preface_);
  }
  if (turn.empty()) return out;
  Message open{.thread_id = start_.thread_id,
               .run_id = start_.run_id,
               .role = Role::assistant,
               .parts = turn};
  for (const auto& [at, text] : shortened_) {
    std::get<ToolResultPart>(open.parts[at]).content = text;
  }
  out.messages.push_back(std::move(open));
  return out;
}

// --- the older turns ----------------------------------------------------------------------------

const Message& Context::last_of(std::size_t turns) const {
  return start_.history[turn_begins_[turns] - 1];
}

ModelRequest Context::summary_request(std::size_t turns, const std::string& provider,
                                      const std::string& model) const {
  const TokenCounter counter{.family = token_family(provider, model), .provider = provider};
  const ModelWindow window = options_.windows.find(provider, model);
  // Reasoning models think inside what they may say.
  const std::int64_t output =
      std::min(window.output, limits::context_summary_tokens_max + limits::thinking_tokens_low);
  const ContextRoom room = room_of(window, {.max_output_tokens = static_cast<int>(output)}, 100,
                                   options_.input_tokens_max);
  const std::span<const Message> covered(start_.history.data(), turn_begins_[turns]);
  ModelRequest out = core::summary_request(start_.summary ? start_.summary->text : std::string(),
                                           covered, counter, room.input);
  out.model = model;
  out.max_output_tokens = static_cast<int>(output);
  return out;
}

std::string Context::kept_summary(const std::string& text) const {
  return core::kept_summary(text, counter_, room_.summary);
}

void Context::take_summary(ThreadSummary summary, std::size_t turns) {
  start_.summary = std::move(summary);
  left_out_ = false;
  const auto covered = static_cast<std::ptrdiff_t>(turn_begins_[turns]);
  start_.history.erase(start_.history.begin(), start_.history.begin() + covered);
  message_tokens_.erase(message_tokens_.begin(), message_tokens_.begin() + covered);
  find_turns();
  set_preface();
}

void Context::leave_out(std::size_t turns) {
  const auto covered = static_cast<std::ptrdiff_t>(turn_begins_[turns]);
  start_.history.erase(start_.history.begin(), start_.history.begin() + covered);
  message_tokens_.erase(message_tokens_.begin(), message_tokens_.begin() + covered);
  left_out_ = true;
  find_turns();
  set_preface();
}

}  // namespace colonnade::core
