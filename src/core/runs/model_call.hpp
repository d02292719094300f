// One run's calls of its model: makes the input fit into the model's window (older turns give way
// to a summary of them, which another call makes), asks, and publishes the output as it comes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lane.hpp"
#include "base/task.hpp"
#include "core/attachments/attachments.hpp"
#include "core/context/context.hpp"
#include "core/models/model_provider.hpp"
#include "core/models/prices.hpp"
#include "core/runs/run_inputs.hpp"
#include "core/runs/run_record.hpp"

namespace colonnade::core {

struct ModelCallPorts {
  const ModelProviders& providers;  // for summaries; the run's own is given apart
  const Prices& prices;
  Attachments* attachments = nullptr;  // nullptr: messages have none
};

// For the run's lane only. Everything that is handed over must outlive it.
class ModelCall {
 public:
  ModelCall(ModelCallPorts ports, const ContextOptions& options, base::Lane& lane,
            ModelProvider& provider, ContextStart start, RunInputs& inputs, RunRecord& record);

  // Asks for the next reply. The call may be under way while the run's opening unit is committed;
  // nothing is published, and no summary asked for, before that is durable. nullopt: the run was
  // not opened, or is parked, or an input (ModelFailed, CommitFailed, or the stop that somebody
  // asked for) says why there is no reply. `tools` are the same for a whole run; with
  // `tool_required` the reply has to call one of them.
  base::Task<std::optional<ModelReply>> ask(const std::vector<ToolDefinition>* tools,
                                            bool tool_required = false);

  // The most that the first call may cost, as far as is known before the run is opened. Where
  // budgets count the run.
  CallBound first_bound(const std::vector<ToolDefinition>& tools) const;

  // Whether that model is the one that is asked.
  bool asks(const ModelProvider& provider, const std::string& model) const;
  // It is from now on.
  void change_model(ModelProvider& provider, std::string model);

  // The next request goes on behind an answer that is not kept, with what is wrong with it.
  void correct(std::vector<Part> answer, std::string wrong);

  const std::optional<ThreadSummary>& summary() const { return context_.summary(); }

 private:
  struct Answer {  // what one attempt came to
    std::optional<ModelReply> reply{};
    base::Error error{};
    bool output_seen = false;
    std::int64_t output_bytes = 0;
    bool commit_failed = false;  // then `error` is the store's
    std::optional<Time> first_output{};
  };

  CallBound bound_of(ModelRequest& request, const ModelProvider& provider) const;
  base::Task<bool> may_be_paid(ModelRequest* request);
  base::Task<Result<void>> reserve(ModelRequest* request, const ModelProvider* provider);
  base::Task<Answer> ask_once(ModelRequest request);
  base::Task<bool> fit_context(const std::vector<ToolDefinition>* tools);
  base::Task<bool> cover_turns(std::size_t turns);
  base::Task<Result<ThreadSummary>> summarise(std::size_t turns);
  base::Task<Result<ModelReply>> ask_for_summary(ModelProvider* provider, ModelRequest request);
  Result<ThreadSummary> summary_of(std::size_t turns, const ModelReply& reply,
                                   std::string_view provider, const std::string& model);
  void note_failure(Answer& answer);
  // What was asked of whom, for the call's span.
  struct Asked {
    std::string_view provider{};  // lives as long as the provider
    std::string model{};
    Time start{};
    bool of_summary = false;
  };
  Asked begin_span(const ModelProvider& provider, ModelRequest& request) const;
  void end_span(const Asked& asked, const ModelReply* reply, const base::Error* error,
                std::optional<Time> first_output);
  void add_correction(ModelRequest& request) const;

  ModelCallPorts ports_;
  const ContextOptions& options_;
  base::Lane& lane_;
  ModelProvider* provider_;
  RunInputs& inputs_;
  RunRecord& record_;
  Context context_;
  struct Correction {
    std::vector<Part> answer{};
    std::string wrong{};
  };
  std::optional<Correction> correction_{};
  bool summaries_fail_ = false;       // one did: this run goes on without
  bool refused_as_too_long_ = false;  // a vendor said so, and the request was made smaller
};

}  // namespace colonnade::core
