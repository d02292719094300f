#include "dialects/tandem/key_values.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>

#include "base/json.hpp"
#include "core/documents/limits.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;

constexpr std::array<std::string_view, 8> write_members = {
    "key", "value", "if_match_rev", "ifMatchRev", "updated_by", "updatedBy", "ttl_ms", "ttlMs"};

Json resource_json(const core::Resource& one) {
  Json out = {{"key", one.key},
              {"value", one.value},
              {"rev", one.revision},
              {"updated_by", one.updated_by},
              {"updated_at_ms", one.updated_at.micros / 1000}};
  if (one.lifetime_ms) out["ttl_ms"] = *one.lifetime_ms;
  return out;
}

// The record by itself and as a member: clients look in either place.
net::Response record(const core::Resource& one) {
  Json out = resource_json(one);
  out["resource"] = resource_json(one);
  return answer(out);
}

net::Response written(const core::Resource& one) {
  Json out = resource_json(one);
  out["resource"] = resource_json(one);
  out["ok"] = true;
  return answer(out);
}

// Clients leave the slashes of a key as they are.
std::string key_in_path(const net::Request& request) {
  std::string out;
  for (const std::string& segment : request.path_parameters) {
    if (!out.empty()) out += '/';
    out += segment;
  }
  return out;
}

base::Result<std::optional<std::int64_t>> number_member(
    const Json& body, std::initializer_list<std::string_view> names) {
  const Json* found = member(body, names);
  if (found == nullptr) return std::nullopt;
  if (found->is_number_integer()) return found->get<std::int64_t>();
  const std::string name(*names.begin());
  return fail(ErrorKind::invalid, name + " must be an integer", name);
}

// {"value": …} with what may stand beside it, or the value by itself.
base::Result<core::ResourceWrite> read_write(const net::Request& request) {
  auto body = body_of(request);
  if (!body) return fail(std::move(body.error()));
  core::ResourceWrite out{.key = key_in_path(request)};
  const bool wrapped =
      body->contains("value") && std::ranges::all_of(body->items(), [](const auto& entry) {
        return std::ranges::find(write_members, entry.key()) != write_members.end();
      });
  if (!wrapped && !out.key.empty()) {
    out.value = std::move(*body);
    return out;
  }
  if (!body->contains("value")) {
    return fail(ErrorKind::invalid, "the body needs the value as value", "value");
  }
  out.value = body->at("value");
  if (out.key.empty()) {
    auto key = text_member(*body, {"key"});
    if (!key) return fail(std::move(key.error()));
    out.key = std::move(*key).value_or(std::string());
  }
  const auto revision = number_member(*body, {"if_match_rev", "ifMatchRev"});
  if (!revision) return fail(revision.error());
  out.revision_before = *revision;
  auto by = text_member(*body, {"updated_by", "updatedBy"});
  if (!by) return fail(std::move(by.error()));
  out.updated_by = std::move(*by).value_or(std::string());
  const auto lifetime = number_member(*body, {"ttl_ms", "ttlMs"});
  if (!lifetime) return fail(lifetime.error());
  out.lifetime_ms = *lifetime;
  return out;
}

net::Response resource_refusal(const base::Error& error) {
  if (error.kind == ErrorKind::conflict && error.field == "revision") {
    return error_response(error, "RESOURCE_REVISION_CONFLICT");
  }
  if (error.kind == ErrorKind::not_found) return error_response(error, "RESOURCE_NOT_FOUND");
  return error_response(error);
}

}  // namespace

base::Task<net::Reply> KeyValueResource::list(core::Principal who, RequestPtr request) {
  const auto limit = number_parameter(*request, "limit");
  if (!limit) co_return error_response(limit.error());
  const auto wanted = std::clamp<std::int64_t>(
      limit->value_or(static_cast<std::int64_t>(limits::tandem_resources_listed_default)), 1,
      static_cast<std::int64_t>(limits::resources_listed_max));
  const auto found =
      co_await resources_.list(std::move(who), request->query_parameter("prefix").value_or(""),
                               static_cast<std::size_t>(wanted));
  if (!found) co_return error_response(found.error());
  Json rows = Json::array();
  for (const core::Resource& one : *found) rows.push_back(resource_json(one));
  const std::size_t count = rows.size();
  co_return answer(Json{{"resources", rows}, {"items", rows}, {"count", count}});
}

base::Task<net::Reply> KeyValueResource::get(core::Principal who, RequestPtr request) {
  const auto found = co_await resources_.get(std::move(who), key_in_path(*request));
  if (!found) co_return resource_refusal(found.error());
  co_return record(*found);
}

base::Task<net::Reply> KeyValueResource::write(core::Principal who, RequestPtr request) {
  auto input = read_write(*request);
  if (!input) co_return error_response(input.error());
  const auto stored = co_await resources_.write(std::move(who), std::move(*input));
  if (!stored) co_return resource_refusal(stored.error());
  co_return written(*stored);
}

base::Task<net::Reply> KeyValueResource::merge(core::Principal who, RequestPtr request) {
  auto input = read_write(*request);
  if (!input) co_return error_response(input.error());
  const auto stored = co_await resources_.merge(std::move(who), std::move(*input));
  if (!stored) co_return resource_refusal(stored.error());
  co_return written(*stored);
}

base::Task<net::Reply> KeyValueResource::remove(core::Principal who, RequestPtr request) {
  auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  std::string key = key_in_path(*request);
  if (key.empty()) {
    auto named = text_member(*body, {"key"});
    if (!named) co_return error_response(named.error());
    key = named->value_or(request->query_parameter("key").value_or(""));
  }
  auto revision = number_member(*body, {"if_match_rev", "ifMatchRev"});
  if (!revision) co_return error_response(revision.error());
  if (!*revision) {
    const auto asked = number_parameter(*request, "if_match_rev");
    if (!asked) co_return error_response(asked.error());
    revision = *asked;
  }
  const auto removed = co_await resources_.remove(std::move(who), key, *revision);
  if (!removed) co_return resource_refusal(removed.error());
  co_return answer(Json{{"ok", true}, {"key", key}});
}

std::vector<net::Route> KeyValueResource::routes(const Callers& in) {
  using enum net::Method;
  std::vector<net::Route> out = {
      row(net::Method::get, "/resource", in(*this, &KeyValueResource::list)),
      row(put, "/resource", in(*this, &KeyValueResource::write)),
      row(post, "/resource", in.once(*this, &KeyValueResource::write)),
      row(del, "/resource", in(*this, &KeyValueResource::remove)),
  };
  std::string pattern = "/resource";
  for (std::size_t depth = 1; depth <= limits::tandem_resource_segments_max; ++depth) {
    pattern += "/{key" + std::to_string(depth) + "}";
    out.push_back(row(net::Method::get, pattern, in(*this, &KeyValueResource::get)));
    out.push_back(row(put, pattern, in(*this, &KeyValueResource::write)));
    out.push_back(row(patch, pattern, in(*this, &KeyValueResource::merge)));
    out.push_back(row(del, pattern, in(*this, &KeyValueResource::remove)));
  }
  return out;
}

}  // namespace colonnade::dialects::tandem
