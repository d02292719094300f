#include "providers/anthropic/provider.hpp"

#include "providers/anthropic/request.hpp"
#include "providers/anthropic/stream_decoder.hpp"
#include "providers/upstream/attachment.hpp"
#include "providers/upstream/http_stream.hpp"

namespace colonnade::providers::anthropic {
namespace {

// The version of the wire that request.cpp and stream_decoder.cpp speak ("Versions" of the API).
constexpr std::string_view api_version = "2023-06-01";

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
    const upstream::FileForm form = upstream::file_form(mime);
    if (form == upstream::FileForm::text) return true;
    // The models before the first that sees.
    const bool blind = model.starts_with("claude-2") || model.starts_with("claude-instant");
    return form != upstream::FileForm::none && !blind;
  }

  std::unique_ptr<core::ModelStream> ask(base::Lane& lane, core::ModelRequest request,
                                         std::stop_token stop) override {
    if (request.model.empty()) request.model = options_.default_model;
    net::HttpClientRequest call{.method = "POST", .url = options_.base_url + "/v1/messages"};
    call.headers = {{"content-type", "application/json"},
                    {"accept", "text/event-stream"},
                    {"anthropic-version", std::string(api_version)}};
    const std::string key = key_->get();
    if (!key.empty()) call.headers.push_back({"x-api-key", key});
    if (!request.traceparent.empty()) {
      call.headers.push_back({"traceparent", request.traceparent});
    }
    call.body =
        request_body(request, {.provider = options_.name, .prompt_cache = options_.prompt_cache});
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

}  // namespace colonnade::providers::anthropic
