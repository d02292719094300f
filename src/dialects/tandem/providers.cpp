#include "dialects/tandem/providers.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "base/secret_text.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::Json;
using base::JsonWriter;
using core::CatalogSource;
using core::CatalogStatus;
using core::ChoiceLayer;
using core::VendorCatalog;

constexpr std::string_view hidden_key = "[REDACTED]";

std::string_view source_text(CatalogSource source) {
  switch (source) {
    case CatalogSource::vendor: return "remote";
    case CatalogSource::configuration: return "config";
    case CatalogSource::none: return "empty";
  }
  return "empty";
}

std::string_view status_text(CatalogStatus status) {
  switch (status) {
    case CatalogStatus::ok: return "ok";
    case CatalogStatus::unavailable: return "unavailable";
    case CatalogStatus::error: return "error";
  }
  return "error";
}

std::string_view key_source(const VendorCatalog& row) {
  switch (row.state.key) {
    case core::VendorKey::none: return "none";
    case core::VendorKey::environment: return "env";
    case core::VendorKey::given: return row.stored_key ? "persisted" : "runtime";
  }
  return "none";
}

std::string lower_case(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

std::string default_of(const Json& config) {
  const Json* chosen = member(config, {"default_provider"});
  return chosen != nullptr && chosen->is_string() ? chosen->get<std::string>() : "local";
}

// 200 with ok false: what these clients expect of what goes wrong (tandem §1.5, family F).
net::Response key_failure(const base::Error& error) {
  return answer(Json{{"ok", false}, {"error", error.message}});
}

net::Response secret_rejected(bool server_wide) {
  net::Response out{.status = 400};
  JsonWriter(out.body)
      .object()
      .field("error", server_wide
                          ? "Secret provider keys are not accepted in global config patches."
                          : "Secret provider keys are not accepted in project config patches.")
      .field("code", "CONFIG_SECRET_REJECTED")
      .field("hint", "Use PUT /auth/{provider} or environment variables.")
      .end_object();
  return out;
}

}  // namespace

bool holds_secret_member(const Json& tree) {
  constexpr std::array names = {"apikey", "bottoken"};
  if (tree.is_object()) {
    for (const auto& [name, value] : tree.items()) {
      if (std::ranges::find(names, base::folded_name(name)) != names.end()) return true;
      if (holds_secret_member(value)) return true;
    }
  } else if (tree.is_array()) {
    return std::ranges::any_of(tree, holds_secret_member);
  }
  return false;
}

std::string encode_catalog(const std::vector<VendorCatalog>& rows,
                           const std::string& default_provider) {
  std::string out;
  JsonWriter json(out);
  json.object().key("all").array();
  for (const VendorCatalog& row : rows) {
    json.object().field("id", row.state.id).field("name", row.state.name).key("models").object();
    for (const core::VendorModel& model : row.models) {
      json.key(model.id).object();
      if (!model.name.empty()) json.field("name", model.name);
      if (model.context_tokens > 0) {
        json.key("limit").object().field("context", model.context_tokens).end_object();
      }
      json.end_object();
    }
    json.end_object().field("catalog_source", source_text(row.source));
    json.field("catalog_status", status_text(row.status));
    if (!row.message.empty()) json.field("catalog_message", row.message);
    json.end_object();
  }
  json.end_array().key("connected").array();
  for (const VendorCatalog& row : rows) {
    if (row.state.connected()) json.value(row.state.id);
  }
  json.end_array().field("default", default_provider).end_object();
  return out;
}

base::Task<net::Reply> ProviderResource::list(core::Principal /*who*/, RequestPtr request) {
  const auto rows = co_await catalog_.list(request->lane, request->disconnected);
  co_return answer(encode_catalog(rows, default_of(catalog_.effective())));
}

base::Task<net::Reply> ProviderResource::keys(core::Principal /*who*/, RequestPtr /*request*/) {
  std::string out;
  JsonWriter json(out);
  json.object().key("providers").object();
  for (const VendorCatalog& row : catalog_.states()) {
    const bool has_key = row.state.key != core::VendorKey::none;
    json.key(row.state.id)
        .object()
        .field("has_key", has_key)
        .field("configured", row.state.configured || has_key)
        .field("connected", row.state.connected())
        .field("source", key_source(row))
        .end_object();
  }
  json.end_object().end_object();
  co_return answer(std::move(out));
}

base::Task<net::Reply> ProviderResource::config(core::Principal /*who*/, RequestPtr /*request*/) {
  const Json effective = catalog_.effective();
  Json providers = effective.value("providers", Json::object());
  for (const VendorCatalog& row : catalog_.states()) {
    if (row.state.key != core::VendorKey::none) providers[row.state.id]["api_key"] = hidden_key;
  }
  co_return answer(Json{{"providers", std::move(providers)}, {"default", default_of(effective)}});
}

base::Task<net::Reply> ProviderResource::layers(core::Principal /*who*/, RequestPtr /*request*/) {
  co_return answer(Json{{"effective", catalog_.effective()},
                        {"layers",
                         {{"global", catalog_.choices(ChoiceLayer::server)},
                          {"project", catalog_.choices(ChoiceLayer::project)}}}});
}

base::Task<net::Reply> ProviderResource::change(core::Principal who, RequestPtr request,
                                                ChoiceLayer layer) {
  auto patch = body_of(*request);
  if (!patch) co_return error_response(patch.error());
  if (holds_secret_member(*patch)) co_return secret_rejected(layer == ChoiceLayer::server);
  auto changed = co_await catalog_.change(std::move(who), layer, std::move(*patch));
  if (!changed) co_return error_response(changed.error());
  co_return answer(Json{{"effective", std::move(*changed)}});
}

base::Task<net::Reply> ProviderResource::change_project(core::Principal who, RequestPtr request) {
  return change(std::move(who), std::move(request), ChoiceLayer::project);
}

base::Task<net::Reply> ProviderResource::change_server(core::Principal who, RequestPtr request) {
  return change(std::move(who), std::move(request), ChoiceLayer::server);
}

base::Task<net::Reply> ProviderResource::set_key(core::Principal who, RequestPtr request) {
  const std::string id = lower_case(request->path_parameters.front());
  const auto body = body_of(*request);
  if (!body) co_return key_failure(body.error());
  auto key = text_member(*body, {"apiKey", "token", "api_key"});
  if (!key) co_return key_failure(key.error());
  if (!*key) {
    co_return answer(Json{{"ok", false}, {"error", "the body needs the key as apiKey"}});
  }
  const auto set = co_await catalog_.set_key(std::move(who), id, std::move(**key));
  if (!set) co_return key_failure(set.error());
  co_return answer(Json{{"ok", true}, {"id", id}, {"backend", "file"}});
}

base::Task<net::Reply> ProviderResource::remove_key(core::Principal who, RequestPtr request) {
  const auto removed =
      co_await catalog_.remove_key(std::move(who), lower_case(request->path_parameters.front()));
  if (!removed) co_return key_failure(removed.error());
  co_return answer(Json{{"ok", true}});
}

base::Task<net::Reply> ProviderResource::no_oauth(core::Principal /*who*/, RequestPtr request) {
  co_return error_response(
      501,
      "this server signs in to no provider (" + request->path_parameters.front() +
          "); give it a key with PUT /auth/" + request->path_parameters.front(),
      "PROVIDER_OAUTH_NOT_SUPPORTED");
}

std::vector<net::Route> ProviderResource::routes(const Callers& in) {
  using enum net::Method;
  const auto at =
      [&](net::Method method, std::string pattern,
          base::Task<net::Reply> (ProviderResource::*handler)(core::Principal, RequestPtr),
          bool waits = false) {
        return row(method, std::move(pattern), in(*this, handler), waits);
      };
  return {
      at(get, "/provider", &ProviderResource::list, true),
      at(get, "/api/providers", &ProviderResource::list, true),
      at(get, "/provider/auth", &ProviderResource::keys),
      at(post, "/provider/{id}/oauth/authorize", &ProviderResource::no_oauth),
      at(get, "/provider/{id}/oauth/status", &ProviderResource::no_oauth),
      at(post, "/provider/{id}/oauth/callback", &ProviderResource::no_oauth),
      at(del, "/provider/{id}/oauth/session", &ProviderResource::no_oauth),
      at(get, "/config/providers", &ProviderResource::config),
      at(get, "/config", &ProviderResource::layers),
      at(patch, "/config", &ProviderResource::change_project),
      at(get, "/global/config", &ProviderResource::layers),
      at(patch, "/global/config", &ProviderResource::change_server),
      at(put, "/auth/{provider}", &ProviderResource::set_key),
      at(del, "/auth/{provider}", &ProviderResource::remove_key),
  };
}

}  // namespace colonnade::dialects::tandem
