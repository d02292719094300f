#include "providers/offline/provider.hpp"

#include "providers/offline/limits.hpp"
#include "providers/offline/script.hpp"

namespace colonnade::providers::offline {
namespace {

using base::Result;
using Events = std::vector<core::ModelEvent>;

class Stream final : public core::ModelStream {
 public:
  Stream(ScriptedReply scripted_reply, std::stop_token stop)
      : scripted_reply_(std::move(scripted_reply)), stop_(std::move(stop)) {}

  base::Task<Result<Events>> next() override;

 private:
  bool at_end() const { return sent_ == scripted_reply_.deltas.size(); }

  ScriptedReply scripted_reply_;
  std::stop_token stop_;
  std::size_t sent_ = 0;
};

// With a delay one delta at a time, else as many as one read from a socket might bring.
base::Task<Result<Events>> Stream::next() {
  if (scripted_reply_.delay.count() > 0 && sent_ > 0 && !at_end()) {
    co_await base::sleep_for(scripted_reply_.delay, stop_);
  }
  if (stop_.stop_requested()) {
    co_return base::fail(base::ErrorKind::cancelled, "the model call was stopped");
  }
  Events out;
  const std::size_t batch = scripted_reply_.delay.count() > 0 ? 1 : limits::offline_batch_events;
  while (!at_end() && out.size() < batch) out.push_back(std::move(scripted_reply_.deltas[sent_++]));
  if (at_end() && !scripted_reply_.failure) {
    out.push_back(std::move(scripted_reply_.reply));
  } else if (out.empty()) {
    co_return base::fail(std::move(*scripted_reply_.failure));
  }
  co_return out;
}

class Provider final : public core::ModelProvider {
 public:
  explicit Provider(Options options) : options_(std::move(options)) {}

  std::string_view name() const override { return options_.name; }
  std::string_view default_model() const override { return "offline"; }

  bool takes_file(std::string_view /*model*/, std::string_view /*mime*/) const override {
    return true;
  }
  std::unique_ptr<core::ModelStream> ask(base::Lane&, core::ModelRequest request,
                                         std::stop_token stop) override {
    if (request.model.empty()) request.model = default_model();
    auto scripted_reply = play_script(request);
    if (scripted_reply.delay.count() == 0) scripted_reply.delay = options_.delay;
    return std::make_unique<Stream>(std::move(scripted_reply), std::move(stop));
  }

 private:
  const Options options_;
};

}  // namespace

std::unique_ptr<core::ModelProvider> make_provider(Options options) {
  return std::make_unique<Provider>(std::move(options));
}

}  // namespace colonnade::providers::offline
