#include "platos_users.hpp"

#include <fstream>
#include <stdexcept>

namespace colonnade::bench {
namespace {

constexpr std::string_view secret = "a-secret-of-the-benchmarks-alone";
constexpr int created = 201;

// The first `"name":"` of a JSON text.
std::string member(std::string_view json, std::string_view name) {
  const std::string mark = "\"" + std::string(name) + "\":\"";
  const std::size_t at = json.find(mark);
  if (at == std::string_view::npos) throw std::runtime_error("no " + mark + std::string(json));
  const std::size_t begin = at + mark.size();
  return std::string(json.substr(begin, json.find('"', begin) - begin));
}

std::string must_create(BlockingConnection& connection, const std::string& request) {
  auto response = connection.exchange(request);
  if (!response) throw std::runtime_error("no answer");
  if (response->status == created) return std::move(response->body);
  throw std::runtime_error(std::to_string(response->status) + " " + response->body);
}

}  // namespace

std::vector<std::string> with_entity(const Setup& setup) {
  const std::string file = setup.work + "/entity.yaml";
  std::ofstream(file) << "platos:\n  entities:\n    - organization: acme\n      project: shop\n"
                         "      entity: backend\n      secret: "
                      << secret << "\n";
  return {"--config", file};
}

std::vector<std::string> session_tokens(std::uint16_t port, std::size_t count) {
  BlockingConnection connection(port);
  const Target entity{.port = port, .token = std::string(secret)};
  std::vector<std::string> out;
  while (out.size() < count) {
    const std::string body =
        R"({"organizationId":"acme","projectId":"shop","environmentId":"live","userId":"user-)" +
        std::to_string(out.size()) + "\"}";
    const std::string made = must_create(
        connection, request_text(entity, "POST", "/api/v1/entities/backend/session-tokens", body));
    out.push_back(member(made, "token"));
  }
  return out;
}

std::string session_header(std::string_view token) {
  return "X-Platos-Session-Token: " + std::string(token) + "\r\n";
}

std::string make_platos_thread(std::uint16_t port, const std::string& token) {
  BlockingConnection connection(port);
  return member(
      must_create(connection,
                  request_text({.port = port}, "POST", "/api/v1/agent/threads",
                               R"({"agentId":"default","title":"t"})", session_header(token))),
      "id");
}

}  // namespace colonnade::bench
