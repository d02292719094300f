#include "providers/chat_completions/provider.hpp"

#include "providers/chat_completions/request.hpp"
#include "providers/chat_completions/stream_decoder.hpp"
#include "providers/upstream/http_stream.hpp"

namespace colonnade::providers::chat_completions {
namespace {

class Provider final : public core::ModelProvider {
 public:
  Provider(Options options, net::HttpClient& client)
      : options_(std::move(options)),
        client_(client),
        key_(options_.shared_key ? options_.shared_key
                                 : std::make_shared<upstream::ApiKey>(options_.api_key)) {}

  std::string_view name() const override { return options_.name; }
  std::string_view default_model() const override { return options_.default_model; }

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
    call.body = request_body(request, options_);
    const upstream::Vendor vendor{
        .name = options_.name, .key = key, .key_setting = options_.key_setting, .key_source = key_};
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
