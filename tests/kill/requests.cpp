#include "requests.hpp"

#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace colonnade::kill {
namespace {

using nlohmann::json;

constexpr auto patience = std::chrono::seconds(60);

}  // namespace

std::string ask(bench::BlockingConnection& connection, const bench::Target& target,
                const std::string& method, const std::string& path, const std::string& body,
                const std::string& headers) {
  const auto answer =
      connection.exchange(bench::request_text(target, method, path, body, headers), patience);
  const std::string what = method + " " + path;
  if (!answer) throw std::logic_error(what + ": no answer");
  if (answer->status < 200 || answer->status > 299) {
    throw std::logic_error(what + ": " + std::to_string(answer->status) + " " + answer->body);
  }
  return answer->body;
}

std::string ask(const bench::Target& target, const std::string& method, const std::string& path,
                const std::string& body, const std::string& headers) {
  bench::BlockingConnection connection(target.port);
  return ask(connection, target, method, path, body, headers);
}

std::string set_cap(const bench::Target& target, double dollars) {
  const json cap = {{"holder", "scope"}, {"period", "month"}, {"limit_usd", dollars}};
  return json::parse(ask(target, "POST", "/api/v1/operator/budgets", cap.dump())).at("id");
}

}  // namespace colonnade::kill
