// Counts what model calls cost: a provider that wraps another and passes everything through.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/histogram.hpp"
#include "core/models/model_provider.hpp"
#include "core/models/prices.hpp"

namespace colonnade::app {

struct ModelCounts {
  std::uint64_t calls_succeeded = 0;
  std::uint64_t calls_failed = 0;
  std::uint64_t calls_abandoned = 0;  // cancelled, or dropped before their end
  core::Usage usage{};
  std::int64_t cost_micros = 0;
};

// How long calls took, of one provider's model; failed ones too.
struct ModelTimes {
  base::HistogramCounts calls{};         // until the last event, or the failure
  base::HistogramCounts first_tokens{};  // until the first output
};
// By provider and model as it was asked for.
using ModelTimesByName = std::map<std::pair<std::string, std::string>, ModelTimes>;

// Thread-safe. A call is counted once, at its end.
class ModelMeter {
 public:
  explicit ModelMeter(const core::Prices& prices) : prices_(prices) {}

  // By provider.
  std::map<std::string, ModelCounts, std::less<>> counts() const;

  // Beyond limits::metric_models_max the model is "other".
  ModelTimesByName times() const;

  void succeeded(const std::string& provider, const core::ModelReply& reply);
  void failed(const std::string& provider);
  void abandoned(const std::string& provider);
  // Where the calls of that model are timed; stays as long as the meter.
  struct Timing {
    base::Histogram calls{base::work_bounds};
    base::Histogram first_tokens{base::work_bounds};
  };
  Timing& timing_of(const std::string& provider, const std::string& model);

 private:
  const core::Prices& prices_;
  mutable std::mutex mutex_;
  std::map<std::string, ModelCounts, std::less<>> counts_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<Timing>> timings_;
};

// `meter` must outlive the provider and its streams.
std::unique_ptr<core::ModelProvider> metered(std::unique_ptr<core::ModelProvider> provider,
                                             ModelMeter& meter);

}  // namespace colonnade::app
