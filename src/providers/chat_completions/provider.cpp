#include "providers/chat_completions/provider.hpp"

#include <algorithm>
#include <array>

#include "providers/chat_completions/request.hpp"
#include "providers/chat_completions/stream_decoder.hpp"
#include "providers/upstream/attachment.hpp"
#include "providers/upstream/http_stream.hpp"

namespace colonnade::providers::chat_completions {
namespace {

// Models that are known to see nothing; of any other the server says so itself.
bool sees_nothing(std::string_view model) {
  constexpr std::array<std::string_view, 6> blind = {"gpt-3.5",    "gpt-4-0", "o1-mini",
                                                     "o1-preview", "o3-mini", "deepseek"};
  if (const auto slash = model.rfind('/'); slash != std::string_view::npos) {
    model.remove_prefix(slash + 1);
  }
  return model == "gpt-4" ||
         std::ranges::any_of(blind, [&](auto prefix) { return model.starts_with(prefix); });
}

class Provider final : public core::ModelProvider {
 public:
  Provider(Options options, net::HttpClient& client)
      : options_(std::move(options)),
        client_(client),
        key_(options_.shared_key ? options_.shared_key
                                 : std::make_shared<upstream::ApiKey>(options_.api_key)) {}

  std::string_view name() const override { return options_.name; }
  std::string_view default_model() const override { return options_.default_model; }

  bool takes_file(std::string_view model, std::string_view mime) const override {
    switch (upstream::file_form(mime)) {
      case upstream::FileForm::image: return !sees_nothing(model);
      case upstream::FileForm::document: return options_.dialect.files && !sees_nothing(model);
      case upstream::FileForm::text: return true;
      case upstream::FileForm::none: break;
    }
    return false;
  }

  std::unique_ptr<core::ModelStream> ask(base::Lane& lane, core::ModelRequest request,
                                         std::stop_token stop) override {
    if (request.model.empty()) request.model = options_.default_model;
    if (request.model.empty()) {
      return upstream::make_failed_stream(
          {.kind = base::ErrorKind::invalid,
           .message = options_.name + " has no default model; name one in the request",
           .field = "model"});
    }
    net::HttpClientRequest call{.method = "POST", .url = options_.base_url + "/chat/completions"};
    call.headers = {{"content-type", "application/json"}, {"accept", "text/event-stream"}};
    for (const auto& [name, value] : options_.headers) call.headers.push_back({name, value});
    const std::string key = key_->get();
    if (!key.empty()) call.headers.push_back({"authorization", "Bearer " + key});
    if (!request.traceparent.empty()) {
      call.headers.push_back({"traceparent", request.traceparent});
    }
    call.body = request_body(request, options_);
    const upstream::Vendor vendor{.name = options_.name,
                                  .key = key,
                                  .key_setting = options_.key_setting,
                                  .key_source = key_,
                                  .told = upstream::take_open_turn(request)};
    return upstream::make_http_stream(vendor, client_.open(lane, std::move(call), stop),
                                      make_stream_decoder(vendor), stop);
  }

 private:
  const Options options_;
  net::HttpClient& client_;
  const upstream::SharedApiKey key_;
};

}  // namespace

std::unique_ptr<core::ModelProvider> make_provider(Options options, net::HttpClient& client) {
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  return std::make_unique<Provider>(std::move(options), client);
}

}  // namespace colonnade::providers::chat_completions
