// The port to language models.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/lane.hpp"
#include "base/result.hpp"
#include "base/shared_json.hpp"
#include "base/task.hpp"
#include "core/models/citation.hpp"
#include "core/models/usage.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

struct ToolDefinition {
  std::string name{};  // [a-zA-Z0-9_-]{1,64}: what every provider accepts
  std::string description{};
  // JSON Schema of an object. Shared: a run copies the definitions of all its tools.
  base::SharedJson input_schema{};
  // By which rules and lists of tools know it, too; no model is shown them.
  std::vector<std::string> aliases{};
};

struct ModelRequest {
  std::string model{};
  std::string instructions{};       // system prompt; "" for none
  std::vector<Message> messages{};  // oldest first; the last one is the user's or the open turn's
  std::vector<ToolDefinition> tools{};
  // The reply has to call one of them. A vendor without such a choice is asked as ever; whoever
  // asks looks at what comes.
  bool tool_required = false;
  std::optional<double> temperature{};
  std::optional<int> max_output_tokens{};
  std::optional<std::string> reasoning_effort{};
  std::string end_user{};   // opaque id for the vendor's abuse detection; "" for none
  std::string cache_key{};  // the same for requests that continue each other; "" for none
  // The span that the call will be (W3C Trace Context), as the header has it; "" for none.
  std::string traceparent{};
};

// What comes out while the model speaks.
struct ModelTextDelta {
  std::string text{};
};
struct ModelReasoningDelta {
  std::string text{};
};

enum class StopReason {
  end_turn,
  tool_use,    // there are ToolCallParts to run
  max_tokens,  // cut off by a limit
  stop_sequence,
  refusal,  // declined or filtered
  pause,    // the provider wants to be asked again with what it said so far
};
std::string_view to_string(StopReason reason);

// The complete reply. Exactly one, last.
struct ModelReply {
  std::vector<Part> parts{};  // everything, deltas included, in the model's order
  StopReason stop_reason = StopReason::end_turn;
  Usage usage{};
  std::string model{};  // as the provider reported it
  // What the answer rests on, in its order. The parts have it too, as the vendor wants it back.
  std::vector<Citation> citations{};
};

using ModelEvent = std::variant<ModelTextDelta, ModelReasoningDelta, ModelReply>;

// The field of the error of a call whose model the vendor does not have.
constexpr const char* unknown_model_field = "model";

// One model call under way, on one lane. Destroying it aborts the call, to the socket.
class ModelStream {
 public:
  virtual ~ModelStream() = default;
  // The next events, at least one; all that one read from the peer yielded come together. After a
  // ModelReply, or an error, it must not be called again. Errors: rate_limited (with retry_after),
  // unavailable and timeout have `retryable` set when asking again may help; upstream for a broken
  // or truncated stream, invalid for a request the vendor refused (with unknown_model_field where
  // it is for its model), too_large for one that does not fit into the model's window, unauthorized
  // for its key, cancelled after a stop.
  virtual base::Task<base::Result<std::vector<ModelEvent>>> next() = 0;
};

// A vendor's wire. Thread-safe; one object serves all lanes.
class ModelProvider {
 public:
  virtual ~ModelProvider() = default;
  // As configured: "anthropic", "openai", "openrouter", "offline", or a name of the operator's.
  virtual std::string_view name() const = 0;
  // Used when nobody chose one.
  virtual std::string_view default_model() const = 0;
  // Whether a file of that type in a message can be shown to the model, as more than its name.
  virtual bool takes_file(std::string_view model, std::string_view mime) const {
    (void)model, (void)mime;
    return false;
  }
  // Starts a call on the calling lane. Never blocks; failure to connect comes from next().
  virtual std::unique_ptr<ModelStream> ask(base::Lane& lane, ModelRequest request,
                                           std::stop_token stop) = 0;
};

// Who answers when nobody names a provider or a model, as an operator chose while the server runs.
struct ModelChoices {
  std::string provider{};                                    // "" for the configured one
  std::map<std::string, std::string, std::less<>> models{};  // by provider
};

// The providers by name. Thread-safe; what find() gave stays.
class ModelProviders {
 public:
  // std::logic_error when there is one of that name.
  void add(std::unique_ptr<ModelProvider> provider);
  // nullptr when there is none of that name. "" finds the default.
  ModelProvider* find(std::string_view name) const;
  void set_default(std::string name);
  // The chosen one, while it exists; else the configured one.
  std::string default_name() const;
  // The chosen model of a provider; "" for none.
  std::string chosen_model(std::string_view provider) const;
  // Whether default_name() is a choice, so that a configured model is another provider's.
  bool has_chosen_provider() const;
  void choose(ModelChoices choices);
  std::vector<std::string> names() const;

 private:
  ModelProvider* found(std::string_view name) const;

  mutable std::shared_mutex mutex_;
  std::vector<std::unique_ptr<ModelProvider>> providers_;
  std::string default_;
  ModelChoices choices_;
};

}  // namespace colonnade::core
