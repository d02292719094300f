#include "dialects/tandem/memory.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/ids.hpp"
#include "base/json.hpp"
#include "core/memory/limits.hpp"
#include "dialects/tandem/errors.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::JsonWriter;

std::int64_t memory_time(base::Time at) { return at.micros / 1000; }

std::string text_or(const Json& tree, const char* name, std::string fallback) {
  const auto at = tree.is_object() ? tree.find(name) : tree.end();
  return at != tree.end() && at->is_string() ? at->get<std::string>() : std::move(fallback);
}

Json list_in(const Json& tree, const char* name) {
  const auto at = tree.is_object() ? tree.find(name) : tree.end();
  return at != tree.end() && at->is_array() ? *at : Json::array();
}

std::string partition_of(const core::MemoryItem& item) {
  const MemoryPartition fallback{.tier = item.tier};
  return text_or(item.metadata, memory_member::partition, fallback.key());
}

// "local/default/default/session": the third part.
std::string project_of(const std::string& partition) {
  std::size_t from = 0;
  for (int part = 0; part < 2; ++part) {
    const auto slash = partition.find('/', from);
    if (slash == std::string::npos) return "default";
    from = slash + 1;
  }
  return partition.substr(from, partition.find('/', from) - from);
}

base::Result<std::string> id_of(const Json& body) {
  auto id = text_member(body, {"id", "source_memory_id", "memory_id", "memoryID"});
  if (!id) return fail(std::move(id.error()));
  if (!*id || (*id)->empty()) return fail(ErrorKind::invalid, "the body needs the id", "id");
  return base::plain_form(**id);
}

void write_linkage(JsonWriter& json, const core::MemoryItem& item, const std::string& partition) {
  json.key("linkage").object();
  json.field("run_id", item.run_id).field("project_id", project_of(partition));
  json.field("origin_event_type", "memory.put").field("origin_run_id", item.run_id);
  json.key("origin_session_id");
  if (item.thread_id.empty()) {
    json.null();
  } else {
    json.value(item.thread_id);
  }
  json.key("origin_message_id").null().field("partition_key", partition);
  json.key("promote_run_id").null().key("approval_id").null();
  json.field("artifact_refs", list_in(item.metadata, memory_member::artifacts)).end_object();
}

// What searches and lists have in common.
void write_item(JsonWriter& json, const core::MemoryItem& item) {
  const std::string partition = partition_of(item);
  json.field("id", base::uuid_form(item.id)).field("run_id", item.run_id);
  json.field("tier", core::to_string(item.tier));
  json.field("classification", core::to_string(item.classification)).field("kind", item.kind);
  json.field("source_type", text_or(item.metadata, memory_member::source, item.kind));
  json.field("content", item.text).field("text", item.text);
  json.field("artifact_refs", list_in(item.metadata, memory_member::artifacts));
  if (const Json tags = list_in(item.metadata, memory_member::tags); !tags.empty())
    json.field("tags", tags);
  write_linkage(json, item, partition);
  if (item.metadata.is_object()) {
    const auto own = item.metadata.find(memory_member::metadata);
    if (own != item.metadata.end() && own->is_object()) json.field("metadata", *own);
  }
  json.field("created_at_ms", memory_time(item.created_at));
  json.field("updated_at_ms", memory_time(item.updated_at));
  json.field("visibility",
             item.visibility == core::MemoryVisibility::shared ? "shared" : "private");
  if (item.expires_at) json.field("expires_at_ms", memory_time(*item.expires_at));
}

bool has_all(const core::MemoryItem& item, const std::vector<std::string>& tags) {
  const Json has = list_in(item.metadata, memory_member::tags);
  return std::ranges::all_of(
      tags, [&](const std::string& tag) { return std::ranges::find(has, Json(tag)) != has.end(); });
}

}  // namespace

net::Response refused_memory(const base::Error& error) {
  if (error.field == "capability" && error.kind == ErrorKind::unauthorized) {
    return error_response(401, error.message, "MEMORY_CAPABILITY_EXPIRED");
  }
  if (error.field == "capability" && error.kind == ErrorKind::forbidden) {
    return error_response(403, error.message, "MEMORY_CAPABILITY_REFUSED");
  }
  return error_response(error);
}

base::Task<net::Reply> MemoryResource::put(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto input = read_memory_put(*body, request->header("x-tandem-client-id"), clock_.now());
  if (!input) co_return refused_memory(input.error());
  const std::string partition = input->partition.key();
  core::MemoryCaller caller{
      .who = std::move(who), .run_id = std::move(input->run_id), .partition = partition};
  const auto kept = co_await memories_.put(request->lane, std::move(caller),
                                           std::move(input->memory), request->disconnected);
  if (!kept) co_return refused_memory(kept.error());
  const std::string id = base::uuid_form(kept->item.id);
  std::string out;
  JsonWriter json(out);
  json.object().field("id", id).field("memoryID", id).field("stored", !kept->deduped);
  json.field("deduped", kept->deduped).field("tier", core::to_string(kept->item.tier));
  json.field("partition_key", partition).field("audit_id", base::uuid_form(kept->record_id));
  json.end_object();
  co_return answer(std::move(out));
}

base::Task<net::Reply> MemoryResource::search(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto input = read_memory_query(*body, clock_.now());
  if (!input) co_return refused_memory(input.error());
  core::MemoryCaller caller{.who = std::move(who),
                            .run_id = std::move(input->run_id),
                            .partition = std::move(input->partition)};
  auto found =
      co_await memories_.search(request->lane, std::move(caller), std::move(input->search),
                                input->used, std::move(input->subject), request->disconnected);
  if (!found) co_return refused_memory(found.error());
  std::erase_if(found->memories,
                [&](const core::RankedMemory& one) { return !has_all(one.item, input->tags); });
  std::string out;
  JsonWriter json(out);
  json.object().key("results").array();
  std::size_t count = 0;
  for (const core::RankedMemory& one : found->memories) {
    if (count == input->shown_max) break;
    ++count;
    json.object();
    write_item(json, one.item);
    json.field("score", one.score).end_object();
  }
  json.end_array().field("count", count).key("scopes_used").array();
  for (const core::MemoryTier tier : input->used) json.value(core::to_string(tier));
  json.end_array().field("blocked_scopes", input->blocked);
  json.field("audit_id", base::uuid_form(found->record_id)).end_object();
  co_return answer(std::move(out));
}

base::Task<net::Reply> MemoryResource::list(core::Principal who, RequestPtr request) {
  const auto limit = number_parameter(*request, "limit");
  if (!limit) co_return error_response(limit.error());
  const auto offset = number_parameter(*request, "offset");
  if (!offset) co_return error_response(offset.error());
  const auto limit_max = static_cast<std::int64_t>(limits::memories_listed_max);
  core::MemoryFilter filter{.contains = request->query_parameter("q").value_or(""),
                            .subject = request->query_parameter("user_id")};
  filter.limit = static_cast<std::size_t>(std::clamp<std::int64_t>(
      limit->value_or(static_cast<std::int64_t>(limits::tandem_memory_list_default)), 1,
      limit_max));
  filter.offset = static_cast<std::size_t>(std::max<std::int64_t>(offset->value_or(0), 0));
  if (filter.subject && (filter.subject->empty() || *filter.subject == "default")) {
    filter.subject.reset();
  }
  const std::string shown_user = filter.subject.value_or("default");
  const std::size_t shown_limit = filter.limit;
  const std::size_t shown_offset = filter.offset;
  const auto items = co_await memories_.list(std::move(who), std::move(filter));
  if (!items) co_return error_response(items.error());
  std::string out;
  JsonWriter json(out);
  json.object().key("items").array();
  for (const core::MemoryItem& one : *items) {
    json.object();
    write_item(json, one);
    json.field("user_id", one.subject.empty() ? shown_user : one.subject);
    json.field("demoted", one.demoted).end_object();
  }
  json.end_array().field("count", items->size());
  json.field("offset", shown_offset).field("limit", shown_limit).end_object();
  co_return answer(std::move(out));
}

base::Task<net::Reply> MemoryResource::promote(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto id = id_of(*body);
  if (!id) co_return error_response(id.error());
  const auto partition = read_partition(*body, {});
  if (!partition) co_return error_response(partition.error());
  const auto capability = read_capability(*body);
  if (!capability) co_return error_response(capability.error());
  auto run = read_run_id(*body);
  if (!run) co_return error_response(run.error());
  if (auto counts = check_capability(*capability, *partition, *run, clock_.now()); !counts) {
    co_return refused_memory(counts.error());
  }
  const auto to = text_member(*body, {"to_tier", "toTier"});
  if (!to) co_return error_response(to.error());
  const auto tier = core::memory_tier_from(to->value_or("project"));
  if (!tier || *tier == core::MemoryTier::session) {
    co_return error_response({.kind = ErrorKind::invalid,
                              .message = "to_tier must be project, team or curated",
                              .field = "to_tier"});
  }
  // Without a capability the holder of the token is the reviewer, of the project's tier (§6).
  const bool may = capability->sent ? capability->promote.contains(*tier)
                                    : *tier == core::MemoryTier::project || who.is_operator();
  if (!may) co_return refused_memory(tier_refusal("promote to", *tier));
  MemoryPartition to_partition = *partition;
  to_partition.tier = *tier;
  core::MemoryCaller caller{
      .who = std::move(who), .run_id = std::move(*run), .partition = to_partition.key()};
  const auto done = co_await memories_.promote(request->lane, std::move(caller), *id, *tier,
                                               request->disconnected);
  if (!done) co_return refused_memory(done.error());
  const bool promoted = done->block_reason.empty();
  std::string out;
  JsonWriter json(out);
  json.object().field("ok", promoted).field("id", base::uuid_form(*id));
  json.field("promoted", promoted);
  if (promoted) json.field("new_memory_id", base::uuid_form(done->id));
  json.field("to_tier", core::to_string(*tier)).key("scrub_report").object();
  json.field("status", !promoted ? "blocked" : done->redactions > 0 ? "redacted" : "passed");
  json.field("redactions", done->redactions);
  if (!promoted) json.field("block_reason", done->block_reason);
  json.end_object().field("audit_id", base::uuid_form(done->record_id)).end_object();
  co_return answer(std::move(out));
}

base::Task<net::Reply> MemoryResource::demote(core::Principal who, RequestPtr request) {
  const auto body = body_of(*request);
  if (!body) co_return error_response(body.error());
  auto id = id_of(*body);
  if (!id) co_return error_response(id.error());
  auto run = read_run_id(*body);
  if (!run) co_return error_response(run.error());
  core::MemoryCaller caller{.who = std::move(who), .run_id = std::move(*run)};
  const auto record = co_await memories_.demote(request->lane, std::move(caller), std::move(*id),
                                                request->disconnected);
  if (!record) co_return refused_memory(record.error());
  co_return answer(Json{{"ok", true}, {"audit_id", base::uuid_form(*record)}});
}

base::Task<net::Reply> MemoryResource::remove(core::Principal who, RequestPtr request) {
  core::MemoryCaller caller{.who = std::move(who)};
  const auto record = co_await memories_.remove(std::move(caller),
                                                base::plain_form(request->path_parameters.front()));
  if (!record) co_return refused_memory(record.error());
  co_return answer(Json{{"ok", true}, {"audit_id", base::uuid_form(*record)}});
}

base::Task<net::Reply> MemoryResource::audit(core::Principal who, RequestPtr request) {
  const auto limit = number_parameter(*request, "limit");
  if (!limit) co_return error_response(limit.error());
  const auto limit_max = static_cast<std::int64_t>(limits::memory_records_listed_max);
  const auto wanted = std::clamp<std::int64_t>(
      limit->value_or(static_cast<std::int64_t>(limits::tandem_memory_list_default)), 1, limit_max);
  const auto records =
      co_await memories_.records(std::move(who), request->query_parameter("run_id").value_or(""),
                                 static_cast<std::size_t>(wanted));
  if (!records) co_return error_response(records.error());
  Json events = Json::array();
  Json entries = Json::array();
  for (const core::MemoryRecord& one : *records) {
    Json event = {{"audit_id", base::uuid_form(one.id)},
                  {"action", one.action},
                  {"run_id", one.run_id},
                  {"memory_id", base::uuid_form(one.memory_id)},
                  {"actor", one.actor},
                  {"status", one.status},
                  {"created_at_ms", memory_time(one.at)}};
    if (!one.tier.empty()) event["to_tier"] = one.tier;
    if (!one.partition.empty()) event["partition_key"] = one.partition;
    events.push_back(event);
    event["id"] = event["audit_id"];
    event["ts_ms"] = memory_time(one.at);
    entries.push_back(std::move(event));
  }
  const std::size_t count = entries.size();
  co_return answer(
      Json{{"events", std::move(events)}, {"entries", std::move(entries)}, {"count", count}});
}

std::vector<net::Route> MemoryResource::routes(const Callers& in) {
  using enum net::Method;
  return {
      row(net::Method::get, "/memory", in(*this, &MemoryResource::list)),
      row(post, "/memory/put", in.once(*this, &MemoryResource::put), true),
      // It changes nothing, so that there is nothing to be done once.
      row(post, "/memory/search", in(*this, &MemoryResource::search), true),
      row(post, "/memory/promote", in.once(*this, &MemoryResource::promote), true),
      row(post, "/memory/demote", in.once(*this, &MemoryResource::demote), true),
      row(net::Method::get, "/memory/audit", in(*this, &MemoryResource::audit)),
      row(del, "/memory/{id}", in(*this, &MemoryResource::remove)),
  };
}

}  // namespace colonnade::dialects::tandem
