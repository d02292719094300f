// Anthropic, over the Messages API.
#pragma once

#include <memory>
#include <string>

#include "core/models/model_provider.hpp"
#include "net/http_client.hpp"
#include "providers/upstream/api_key.hpp"

namespace colonnade::providers::anthropic {

struct Options {
  std::string name{"anthropic"};
  std::string base_url{"https://api.anthropic.com"};  // without /v1 and without a slash at its end
  std::string api_key{};                              // "" sends no x-api-key header
  upstream::SharedApiKey shared_key{};                // in place of api_key: one that may change
  std::string key_setting{"ANTHROPIC_API_KEY"};       // named in errors about the key
  std::string default_model{"claude-sonnet-5-5"};
  bool prompt_cache = true;  // see RequestOptions::prompt_cache
};

// `client` must outlive the provider and its streams.
std::unique_ptr<core::ModelProvider> make_provider(Options options, net::HttpClient& client);

}  // namespace colonnade::providers::anthropic
