#include "app/model_meter.hpp"

#include <chrono>
#include <utility>

#include "app/limits.hpp"

namespace colonnade::app {
namespace {

class MeteredStream final : public core::ModelStream {
 public:
  MeteredStream(std::unique_ptr<core::ModelStream> stream, std::string provider, ModelMeter& meter,
                ModelMeter::Timing& timing)
      : stream_(std::move(stream)),
        provider_(std::move(provider)),
        meter_(meter),
        timing_(timing) {}
  ~MeteredStream() override {
    if (!counted_) meter_.abandoned(provider_);
  }

  base::Task<base::Result<std::vector<core::ModelEvent>>> next() override {
    auto events = co_await stream_->next();
    count(events);
    co_return events;
  }

 private:
  void count(const base::Result<std::vector<core::ModelEvent>>& events) {
    if (!events) {
      if (events.error().kind == base::ErrorKind::cancelled) return;  // counted when destroyed
      counted_ = true;
      timing_.calls.observe(elapsed());
      meter_.failed(provider_);
      return;
    }
    if (!std::exchange(spoke_, true)) timing_.first_tokens.observe(elapsed());
    for (const core::ModelEvent& event : *events) {
      const auto* reply = std::get_if<core::ModelReply>(&event);
      if (reply == nullptr) continue;
      counted_ = true;
      timing_.calls.observe(elapsed());
      meter_.succeeded(provider_, *reply);
    }
  }
  std::chrono::microseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                                 start_);
  }

  std::unique_ptr<core::ModelStream> stream_;
  std::string provider_;
  ModelMeter& meter_;
  ModelMeter::Timing& timing_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  bool spoke_ = false;
  bool counted_ = false;
};

class MeteredProvider final : public core::ModelProvider {
 public:
  MeteredProvider(std::unique_ptr<core::ModelProvider> provider, ModelMeter& meter)
      : provider_(std::move(provider)), meter_(meter) {}

  std::string_view name() const override { return provider_->name(); }
  std::string_view default_model() const override { return provider_->default_model(); }
  bool takes_file(std::string_view model, std::string_view mime) const override {
    return provider_->takes_file(model, mime);
  }
  std::unique_ptr<core::ModelStream> ask(base::Lane& lane, core::ModelRequest request,
                                         std::stop_token stop) override {
    std::string provider(name());
    const std::string model = request.model.empty() ? std::string(default_model()) : request.model;
    ModelMeter::Timing& timing = meter_.timing_of(provider, model);
    return std::make_unique<MeteredStream>(
        provider_->ask(lane, std::move(request), std::move(stop)), std::move(provider), meter_,
        timing);
  }

 private:
  std::unique_ptr<core::ModelProvider> provider_;
  ModelMeter& meter_;
};

}  // namespace

std::map<std::string, ModelCounts, std::less<>> ModelMeter::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

ModelMeter::Timing& ModelMeter::timing_of(const std::string& provider, const std::string& model) {
  const std::lock_guard lock(mutex_);
  const auto known = timings_.find({provider, model});
  if (known != timings_.end()) return *known->second;
  const bool full = timings_.size() >= limits::metric_models_max;
  auto& place = timings_[{provider, full ? std::string("other") : model}];
  if (!place) place = std::make_unique<Timing>();
  return *place;
}

ModelTimesByName ModelMeter::times() const {
  const std::lock_guard lock(mutex_);
  ModelTimesByName out;
  for (const auto& [name, timing] : timings_) {
    out[name] = {.calls = timing->calls.counts(), .first_tokens = timing->first_tokens.counts()};
  }
  return out;
}

void ModelMeter::succeeded(const std::string& provider, const core::ModelReply& reply) {
  const std::int64_t cost = prices_.cost_micros(provider, reply.model, reply.usage);
  const std::lock_guard lock(mutex_);
  ModelCounts& counts = counts_[provider];
  ++counts.calls_succeeded;
  counts.usage += reply.usage;
  counts.cost_micros += cost;
}

void ModelMeter::failed(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  ++counts_[provider].calls_failed;
}

void ModelMeter::abandoned(const std::string& provider) {
  const std::lock_guard lock(mutex_);
  ++counts_[provider].calls_abandoned;
}

std::unique_ptr<core::ModelProvider> metered(std::unique_ptr<core::ModelProvider> provider,
                                             ModelMeter& meter) {
  return std::make_unique<MeteredProvider>(std::move(provider), meter);
}

}  // namespace colonnade::app
