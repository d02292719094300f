// Embeddings from any server that speaks OpenAI's `POST /embeddings`: OpenAI itself, Ollama, vLLM,
// llama.cpp and others.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/memory/embedder.hpp"
#include "net/http_client.hpp"
#include "providers/embeddings/limits.hpp"

namespace colonnade::providers::embeddings {

struct EndpointOptions {
  std::string base_url{};  // without /embeddings: "https://api.openai.com/v1"
  std::string model{};     // as the server names it
  std::string api_key{};   // "" for none
  std::string key_setting{"memory.embeddings.api_key"};  // named in an error about the key
  int dimensions = 0;  // asked for, and required of the answer; 0: the model's own
  std::chrono::milliseconds time_max = limits::embedding_time_max;  // one request
};

// `client` must outlive it. Asks once a call: whoever calls decides about another try.
std::unique_ptr<core::Embedder> endpoint(EndpointOptions options, net::HttpClient& client);

}  // namespace colonnade::providers::embeddings
