#include "dialects/tandem/engine_token.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;

constexpr std::size_t made_token_bytes = 16;  // tandem §1.2: 32 hex digits

// A wrong token is 400, whatever else says 422 (tandem §6).
net::Response refused_token(const base::Error& error) {
  if (error.kind == base::ErrorKind::invalid) {
    return error_response(400, error.message, "INVALID_TOKEN");
  }
  return error_response(error);
}

net::Response unstored(net::Response response) {
  response.headers.push_back({"Cache-Control", "no-store"});
  return response;
}

}  // namespace

base::Task<net::Reply> EngineTokenResource::set(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto token = text_member(*body, {"token", "apiToken", "api_token"});
  if (!token) co_return refused_token(token.error());
  const auto set =
      co_await token_.set(request->lane, std::move(who), std::move(*token).value_or(std::string()));
  if (!set) co_return refused_token(set.error());
  co_return answer(Json{{"ok", true}});
}

base::Task<net::Reply> EngineTokenResource::generate(core::Principal who, RequestPtr request) {
  std::string token = "tk_" + base::random_hex(made_token_bytes);
  const auto set = co_await token_.set(request->lane, std::move(who), token);
  if (!set) co_return refused_token(set.error());
  co_return unstored(answer(Json{{"ok", true}, {"token", std::move(token)}}));
}

base::Task<net::Reply> EngineTokenResource::remove(core::Principal who, RequestPtr request) {
  const auto removed = co_await token_.remove(request->lane, std::move(who));
  if (!removed) co_return error_response(removed.error());
  co_return answer(Json{{"ok", true}, {"removed", *removed}});
}

std::vector<net::Route> EngineTokenResource::routes(const Callers& in) {
  return {
      row(net::Method::put, "/auth/token", in(*this, &EngineTokenResource::set)),
      row(net::Method::del, "/auth/token", in(*this, &EngineTokenResource::remove)),
      // The answer is a secret: it is kept for no key.
      row(net::Method::post, "/auth/token/generate", in(*this, &EngineTokenResource::generate)),
  };
}

}  // namespace colonnade::dialects::tandem
