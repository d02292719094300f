#include "providers/embeddings/endpoint.hpp"

#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/memory/limits.hpp"
#include "providers/embeddings/limits.hpp"
#include "providers/upstream/failure.hpp"

namespace colonnade::providers::embeddings {
namespace {

using base::ErrorKind;
using Vectors = std::vector<std::vector<float>>;

std::unexpected<base::Error> unusable(std::string why) {
  return base::fail(ErrorKind::upstream,
                    "the embeddings server's answer cannot be used: " + std::move(why));
}

// Of length 1; empty when it is all zeros.
std::vector<float> unit(const std::vector<double>& values) {
  double square = 0;
  for (const double value : values) square += value * value;
  std::vector<float> out;
  if (!(square > 0)) return out;
  const double scale = 1 / std::sqrt(square);
  for (const double value : values) out.push_back(static_cast<float>(value * scale));
  return out;
}

base::Result<std::vector<float>> read_vector(const base::Json& tree, std::size_t dimensions) {
  if (!tree.is_array() || tree.empty()) return unusable("an embedding is not a list of numbers");
  if (tree.size() > limits::memory_dimensions_max) return unusable("an embedding is too long");
  if (dimensions != 0 && tree.size() != dimensions) {
    return unusable("an embedding has " + std::to_string(tree.size()) + " dimensions, not " +
                    std::to_string(dimensions));
  }
  std::vector<double> values;
  for (const base::Json& value : tree) {
    if (!value.is_number()) return unusable("an embedding is not a list of numbers");
    values.push_back(value.get<double>());
    if (!std::isfinite(values.back())) return unusable("an embedding has no finite length");
  }
  return unit(values);
}

// `{"data":[{"index":0,"embedding":[…]}, …]}`, in any order.
base::Result<Vectors> read_vectors(std::string_view body, std::size_t count,
                                   std::size_t dimensions) {
  auto tree = base::parse_json(body, "answer");
  if (!tree) return unusable("it is not JSON");
  if (!tree->is_object() || !tree->contains("data") || !tree->at("data").is_array()) {
    return unusable("it has no list 'data'");
  }
  const base::Json& data = tree->at("data");
  if (data.size() != count) {
    return unusable("it has " + std::to_string(data.size()) + " embeddings for " +
                    std::to_string(count) + " texts");
  }
  Vectors out(count);
  std::vector<bool> seen(count, false);
  for (std::size_t i = 0; i < count; ++i) {
    const base::Json& one = data[i];
    if (!one.is_object() || !one.contains("embedding")) return unusable("an embedding is missing");
    const base::Json index = one.value("index", base::Json(i));
    if (!index.is_number_unsigned() && !index.is_number_integer()) {
      return unusable("an index is not a number");
    }
    const auto place = index.get<std::int64_t>();
    if (place < 0 || static_cast<std::size_t>(place) >= count ||
        seen[static_cast<std::size_t>(place)]) {
      return unusable("its indexes are not those of the texts");
    }
    auto vector = read_vector(one.at("embedding"), dimensions);
    if (!vector) return std::unexpected(std::move(vector.error()));
    if (dimensions == 0) dimensions = one.at("embedding").size();
    seen[static_cast<std::size_t>(place)] = true;
    out[static_cast<std::size_t>(place)] = std::move(*vector);
  }
  return out;
}

class Endpoint final : public core::Embedder {
 public:
  Endpoint(EndpointOptions options, net::HttpClient& client)
      : options_(std::move(options)), client_(client), name_(options_.model) {
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
    if (options_.dimensions > 0) name_ += "/" + std::to_string(options_.dimensions);
  }

  std::string_view model() const override { return name_; }
  std::size_t batch_max() const override { return limits::embedding_batch_max; }

  base::Task<base::Result<Vectors>> embed(base::Lane* lane, std::vector<std::string> texts,
                                          std::stop_token stop) override {
    const std::size_t count = texts.size();
    auto exchange = client_.open(*lane, request(texts), stop);
    auto head = co_await exchange->head();
    if (!head) co_return std::unexpected(of_transport(std::move(head.error())));
    auto body = co_await exchange->read_all(limits::embedding_reply_bytes_max);
    if (!body) co_return std::unexpected(of_transport(std::move(body.error())));
    if (head->status != 200) {
      const upstream::Vendor vendor{
          .name = "the embeddings server",
          .key = options_.api_key,
          .key_setting = options_.key_setting,
          .told = std::make_shared<const std::vector<std::string>>(std::move(texts))};
      const upstream::RetryAdvice advice{.retry_after = head->header("retry-after")};
      co_return std::unexpected(upstream::failure_of_answer(vendor, head->status, *body, advice,
                                                            base::SystemClock().now()));
    }
    co_return read_vectors(*body, count, static_cast<std::size_t>(options_.dimensions));
  }

 private:
  net::HttpClientRequest request(const std::vector<std::string>& texts) const {
    net::HttpClientRequest out{.method = "POST", .url = options_.base_url + "/embeddings"};
    out.headers = {{"content-type", "application/json"}, {"accept", "application/json"}};
    if (!options_.api_key.empty()) {
      out.headers.push_back({"authorization", "Bearer " + options_.api_key});
    }
    base::JsonWriter json(out.body);
    json.object().field("model", options_.model).key("input").array();
    for (const std::string& text : texts) json.value(text);
    json.end_array().field("encoding_format", "float");
    if (options_.dimensions > 0) json.field("dimensions", options_.dimensions);
    json.end_object();
    out.connect_time_max = std::min(out.connect_time_max, options_.time_max);
    out.first_byte_time_max = options_.time_max;
    out.total_time_max = options_.time_max;
    return out;
  }

  base::Error of_transport(base::Error error) const {
    error.message =
        upstream::without_secrets("the embeddings server: " + error.message, options_.api_key);
    return error;
  }

  EndpointOptions options_;
  net::HttpClient& client_;
  std::string name_;
};

}  // namespace

std::unique_ptr<core::Embedder> endpoint(EndpointOptions options, net::HttpClient& client) {
  return std::make_unique<Endpoint>(std::move(options), client);
}

}  // namespace colonnade::providers::embeddings
