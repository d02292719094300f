#include "providers/upstream/model_list.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "core/models/limits.hpp"

namespace colonnade::providers::upstream {
namespace {

constexpr std::size_t model_id_bytes_max = 512;

std::unexpected<base::Error> unusable(const Vendor& vendor, std::string_view why) {
  return base::fail(
      base::ErrorKind::upstream,
      vendor.name + " lists its models in a form that is not known: " + std::string(why));
}

std::string listed_text(const base::Json& tree, const char* name) {
  const auto found = tree.find(name);
  return found != tree.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t context_of(const base::Json& tree) {
  constexpr std::array names = {"context_length", "context_window", "max_context_length",
                                "max_input_tokens"};
  for (const char* name : names) {
    const auto found = tree.find(name);
    if (found != tree.end() && found->is_number_integer() && found->get<std::int64_t>() > 0) {
      return found->get<std::int64_t>();
    }
  }
  return 0;
}

}  // namespace

base::Result<std::vector<core::VendorModel>> read_model_list(const Vendor& vendor,
                                                             std::string_view body) {
  const auto tree = base::parse_json(body, "answer");
  if (!tree) return unusable(vendor, "it is not JSON");
  const base::Json* list = &*tree;
  if (tree->is_object() && tree->contains("data")) list = &tree->at("data");
  if (!list->is_array()) return unusable(vendor, "there is no list 'data'");
  std::vector<core::VendorModel> out;
  for (const base::Json& one : *list) {
    if (!one.is_object()) continue;
    core::VendorModel model{.id = listed_text(one, "id"),
                            .name = listed_text(one, "name"),
                            .context_tokens = context_of(one)};
    if (model.name.empty()) model.name = listed_text(one, "display_name");
    if (model.name.size() > model_id_bytes_max) model.name.clear();
    if (model.id.empty() || model.id.size() > model_id_bytes_max) continue;
    out.push_back(std::move(model));
    if (out.size() == limits::vendor_models_max) break;
  }
  return out;
}

base::Task<base::Result<std::vector<core::VendorModel>>> ask_model_list(
    Vendor vendor, net::HttpClient* client, base::Lane* lane, std::string url, net::Headers headers,
    std::stop_token stop) {
  net::HttpClientRequest request{.url = std::move(url), .headers = std::move(headers)};
  request.headers.push_back({"accept", "application/json"});
  request.connect_time_max = limits::vendor_models_time_max;
  request.first_byte_time_max = limits::vendor_models_time_max;
  request.total_time_max = limits::vendor_models_time_max;
  auto exchange = client->open(*lane, std::move(request), std::move(stop));
  const auto of_transport = [&vendor](base::Error error) {
    error.message = without_secrets(vendor.name + ": " + error.message, vendor.key);
    return base::fail(std::move(error));
  };
  auto head = co_await exchange->head();
  if (!head) co_return of_transport(std::move(head.error()));
  auto body = co_await exchange->read_all(limits::vendor_list_bytes_max);
  if (!body) co_return of_transport(std::move(body.error()));
  if (head->status != 200) {
    const RetryAdvice advice{.retry_after = head->header("retry-after")};
    co_return base::fail(
        failure_of_answer(vendor, head->status, *body, advice, base::SystemClock().now()));
  }
  co_return read_model_list(vendor, *body);
}

}  // namespace colonnade::providers::upstream
