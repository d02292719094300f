// The model input of one run: the agent's prompt, a summary of the older part of the thread, its
// newer turns and the turn under way. Knows how large that is, what is to be done before it fits,
// and makes the requests. Does no I/O; core/turn_driver asks the models and stores summaries.
//
// Between two summaries each request begins with the bytes of the one before it: the prompt, the
// tools (sorted by name) and the messages do not change, new ones come behind. So a vendor's cache
// of prompts serves all but the newest part.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/agents/agent.hpp"
#include "core/context/context_plan.hpp"
#include "core/context/limits.hpp"
#include "core/context/thread_summary.hpp"
#include "core/context/token_estimate.hpp"
#include "core/models/model_provider.hpp"
#include "core/models/model_windows.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

struct ContextOptions {
  ModelWindows windows{};
  // Share of the room at which older turns are summarised.
  int compact_at_percent = limits::context_compact_at_percent;
  // Send no more than this, whatever the window; nullopt: as much as the window takes.
  std::optional<int> input_tokens_max{};
  // Who summarises; "" is whom the run asks. With a provider and no model: its default model.
  std::string summary_provider{};
  std::string summary_model{};
};

struct ContextStart {
  std::string provider{};
  std::string model{};
  ModelSettings settings{};
  std::string thread_id{};
  std::string run_id{};
  std::string instructions{};  // system_prompt() of the agent
  std::optional<ThreadSummary> summary{};
  std::vector<Message> history{};  // behind the summary, oldest first, the user's message last
  bool history_is_cut = false;     // messages between the two are left out
  HistoryLimits limits{};          // the agent's own, beside the window
};

// What stands in front of everything: the agent's instructions, or who it is when it has none.
std::string system_prompt(const Agent& agent);

class Context {
 public:
  Context(ContextStart start, const ContextOptions& options);

  // What is to be done before the next request, in which `turn` is what this run has produced so
  // far. For `summarise`, take_summary() or leave_out() comes next, then this again. Tool results
  // of the turn are shortened here when that is what helps. `tools` are the same for a whole run.
  ContextPlan next(const std::vector<Part>& turn, const std::vector<ToolDefinition>& tools);
  // The next request. The tools come in one order, so that their bytes are always the same.
  ModelRequest request(const std::vector<Part>& turn,
                       const std::vector<ToolDefinition>& tools) const;
  // Another model is asked from now on: what was counted, shortened and learned for the one before
  // is forgotten.
  void change_model(std::string provider, std::string model);
  const std::string& provider() const { return start_.provider; }
  const std::string& model() const { return start_.model; }
  // What the vendor counted of the last request that next() looked at.
  void reported(const Usage& usage);
  // The vendor refused it as too long: it is larger, or the window smaller, than was believed.
  void refused();

  // Asks for a summary that covers the oldest `turns` turns and the summary before them.
  // `provider` and `model` are who is asked.
  ModelRequest summary_request(std::size_t turns, const std::string& provider,
                               const std::string& model) const;
  // The last message that such a summary covers.
  const Message& last_of(std::size_t turns) const;
  // A summary's text, no longer than the room for it; "" when there is none in it.
  std::string kept_summary(const std::string& text) const;
  void take_summary(ThreadSummary summary, std::size_t turns);
  // Goes on without the oldest turns, and says so to the model.
  void leave_out(std::size_t turns);

  const std::optional<ThreadSummary>& summary() const { return start_.summary; }
  const ContextRoom& room() const { return room_; }
  // As last planned, corrected by what the vendor reported.
  std::int64_t tokens() const { return tokens_; }

 private:
  struct Report {
    std::int64_t estimated = 0;
    std::int64_t counted = 0;
  };

  void keep_newest();
  void measure_history();
  std::size_t turns_over() const;
  void find_turns();
  void set_preface();
  void measure(const std::vector<Part>& turn);
  void learn_from_history();
  bool shorten(const std::vector<Part>& turn, const std::vector<std::int64_t>& results,
               const ContextSizes& sizes);
  ContextSizes sizes(const std::vector<Part>& turn) const;
  double correction(std::int64_t estimated) const;

  ContextStart start_;
  const ContextOptions& options_;
  TokenCounter counter_;
  ContextRoom room_;
  std::int64_t instructions_tokens_ = 0;

  std::vector<std::int64_t> message_tokens_{};  // of start_.history
  std::vector<std::size_t> turn_begins_{};      // in it; the last one is the turn under way
  bool left_out_ = false;
  std::string preface_{};
  std::int64_t preface_tokens_ = 0;

  std::vector<std::int64_t> part_tokens_{};         // of the turn under way, whole
  std::map<std::size_t, std::string> shortened_{};  // its results that are sent shortened
  std::map<std::size_t, std::int64_t> shortened_tokens_{};

  std::optional<std::int64_t> tools_tokens_{};
  std::int64_t fixed_tokens_ = 0;
  std::int64_t estimated_ = 0;  // the last request, not corrected
  std::int64_t tokens_ = 0;
  std::optional<Report> report_{};
  bool learned_ = false;
};

}  // namespace colonnade::core
