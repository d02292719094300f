// What requests about memory say of tiers, partitions and capabilities.
#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/memory/limits.hpp"
#include "dialects/tandem/limits.hpp"
#include "dialects/tandem/memory.hpp"
#include "dialects/tandem/wire.hpp"

namespace colonnade::dialects::tandem {
namespace {

using base::ErrorKind;
using base::fail;
using base::Json;

using Tiers = std::set<core::MemoryTier>;

std::unexpected<base::Error> wrong_memory(std::string_view what, std::string_view field) {
  return fail(ErrorKind::invalid, std::string(field) + " " + std::string(what), std::string(field));
}

base::Result<core::MemoryTier> tier_from(const std::string& text, std::string_view field) {
  const auto tier = core::memory_tier_from(text);
  if (!tier) return wrong_memory("must be session, project, team or curated", field);
  return *tier;
}

base::Result<Tiers> tiers_of(const Json& memory, std::string_view name, Tiers fallback) {
  const Json* list = member(memory, {name});
  if (list == nullptr) return fallback;
  if (!list->is_array()) return wrong_memory("must be a list of tiers", "capability");
  Tiers out;
  for (const Json& one : *list) {
    if (!one.is_string()) return wrong_memory("must be a list of tiers", "capability");
    const auto tier = tier_from(one.get<std::string>(), "capability");
    if (!tier) return fail(tier.error());
    out.insert(*tier);
  }
  return out;
}

// Milliseconds, or seconds where it is too small for those; from 1970 to the end of 9999.
base::Time moment(std::int64_t number) {
  constexpr std::int64_t seconds_max = 100'000'000'000;
  constexpr std::int64_t milliseconds_max = 253'402'300'799'999;
  number = std::clamp<std::int64_t>(number, 0, milliseconds_max);
  return base::Time{} + (number < seconds_max
                             ? std::chrono::microseconds(std::chrono::seconds(number))
                             : std::chrono::milliseconds(number));
}

base::Result<std::vector<std::string>> texts_of(const Json& body,
                                                std::initializer_list<std::string_view> names) {
  std::vector<std::string> out;
  const Json* list = member(body, names);
  if (list == nullptr) return out;
  const std::string field(*names.begin());
  const auto wrong = [&] {
    return fail(ErrorKind::invalid, field + " must be a list of texts", field);
  };
  if (!list->is_array()) return wrong();
  for (const Json& one : *list) {
    if (!one.is_string()) return wrong();
    out.push_back(one.get<std::string>());
  }
  return out;
}

// The text of a request, under any of its names.
base::Result<std::string> memory_text(const Json& body) {
  auto text = text_member(body, {"text", "content"});
  if (!text) return fail(std::move(text.error()));
  if (!*text) return fail(ErrorKind::invalid, "the body needs the memory as text", "text");
  return std::move(**text);
}

}  // namespace

std::string MemoryPartition::key() const {
  return organization + "/" + workspace + "/" + project + "/" + std::string(core::to_string(tier));
}

base::Result<MemoryPartition> read_partition(const Json& body, MemoryPartition fallback) {
  const Json* partition = member(body, {"partition"});
  const Json& from = partition != nullptr ? *partition : body;
  if (!from.is_object()) return wrong_memory("must be an object", "partition");
  MemoryPartition out = std::move(fallback);
  const std::pair<std::string*, std::array<std::string_view, 2>> texts[] = {
      {&out.organization, {"org_id", "orgId"}},
      {&out.workspace, {"workspace_id", "workspaceId"}},
      {&out.project, {"project_id", "projectId"}}};
  for (const auto& [target, names] : texts) {
    auto text = text_member(from, {names[0], names[1]});
    if (!text) return fail(std::move(text.error()));
    if (*text && !(*text)->empty()) *target = std::move(**text);
    if (target->size() > limits::tandem_partition_part_bytes_max) {
      return wrong_memory("is too long", names[0]);
    }
  }
  const auto tier = text_member(from, {"tier"});
  if (!tier) return fail(tier.error());
  if (*tier) {
    const auto read = tier_from(**tier, "tier");
    if (!read) return fail(read.error());
    out.tier = *read;
  }
  return out;
}

base::Result<MemoryCapability> read_capability(const Json& body) {
  MemoryCapability out;
  const Json* sent = member(body, {"capability"});
  if (sent == nullptr) return out;
  Json parsed;
  if (sent->is_string()) {
    parsed = Json::parse(sent->get<std::string>(), nullptr, false);
    if (!parsed.is_object()) return out;
    sent = &parsed;
  }
  if (!sent->is_object()) return wrong_memory("must be an object", "capability");
  out.sent = true;
  const std::pair<std::string*, std::array<std::string_view, 2>> texts[] = {
      {&out.run_id, {"run_id", "runId"}},
      {&out.subject, {"subject", "subject"}},
      {&out.organization, {"org_id", "orgId"}},
      {&out.workspace, {"workspace_id", "workspaceId"}},
      {&out.project, {"project_id", "projectId"}}};
  for (const auto& [target, names] : texts) {
    auto text = text_member(*sent, {names[0], names[1]});
    if (!text) return fail(std::move(text.error()));
    *target = std::move(*text).value_or(std::string());
  }
  if (out.subject == "default") out.subject.clear();
  if (const Json* memory = member(*sent, {"memory"})) {
    if (!memory->is_object()) return wrong_memory("must have an object memory", "capability");
    auto read = tiers_of(*memory, "read_tiers", std::move(out.read));
    if (!read) return fail(std::move(read.error()));
    auto write = tiers_of(*memory, "write_tiers", std::move(out.write));
    if (!write) return fail(std::move(write.error()));
    auto promote = tiers_of(*memory, "promote_targets", {});
    if (!promote) return fail(std::move(promote.error()));
    out.read = std::move(*read);
    out.write = std::move(*write);
    out.promote = std::move(*promote);
  }
  if (const Json* expires = member(*sent, {"expires_at", "expiresAt"})) {
    if (!expires->is_number_integer())
      return wrong_memory("must be an integer", "capability.expires_at");
    out.expires_at = moment(expires->get<std::int64_t>());
  }
  return out;
}

base::Result<void> check_capability(const MemoryCapability& capability,
                                    const MemoryPartition& partition, std::string_view run_id,
                                    base::Time now) {
  if (!capability.sent) return {};
  if (capability.expires_at && *capability.expires_at <= now) {
    return fail(ErrorKind::unauthorized, "the capability has expired", "capability");
  }
  const auto differs = [](std::string_view capable, std::string_view asked) {
    return !capable.empty() && capable != asked;
  };
  if (differs(capability.organization, partition.organization) ||
      differs(capability.workspace, partition.workspace) ||
      differs(capability.project, partition.project) ||
      (!run_id.empty() && differs(capability.run_id, run_id))) {
    return fail(ErrorKind::forbidden, "the capability is another partition's or another run's",
                "capability");
  }
  return {};
}

base::Error tier_refusal(std::string_view what, core::MemoryTier tier) {
  return {.kind = ErrorKind::forbidden,
          .message = "the capability does not " + std::string(what) + " the tier " +
                     std::string(core::to_string(tier)),
          .field = "capability"};
}

base::Result<std::string> read_run_id(const Json& body) {
  auto run = text_member(body, {"run_id", "runId", "runID"});
  if (!run) return fail(std::move(run.error()));
  return std::move(*run).value_or(std::string());
}

base::Result<MemoryPut> read_memory_put(const Json& body, std::string_view client, base::Time now) {
  const auto capability = read_capability(body);
  if (!capability) return fail(capability.error());
  auto put = read_memory_record(body, client, *capability, {}, now);
  if (!put) return put;
  const core::MemoryTier tier = put->partition.tier;
  if (!capability->write.contains(tier)) return fail(tier_refusal("write", tier));
  return put;
}

base::Result<MemoryPut> read_memory_record(const Json& body, std::string_view client,
                                           const MemoryCapability& capability,
                                           MemoryPartition fallback, base::Time now) {
  auto text = memory_text(body);
  if (!text) return fail(std::move(text.error()));
  auto partition = read_partition(body, std::move(fallback));
  if (!partition) return fail(std::move(partition.error()));
  auto run = read_run_id(body);
  if (!run) return fail(std::move(run.error()));
  if (auto counts = check_capability(capability, *partition, *run, now); !counts) {
    return fail(std::move(counts.error()));
  }
  auto session = text_member(body, {"session_id", "sessionId", "sessionID"});
  if (!session) return fail(std::move(session.error()));
  const auto kind = text_member(body, {"kind"});
  if (!kind) return fail(kind.error());
  const auto classification = text_member(body, {"classification"});
  if (!classification) return fail(classification.error());
  const auto source = text_member(body, {"source", "source_type", "sourceType"});
  if (!source) return fail(source.error());
  auto tags = texts_of(body, {"tags"});
  if (!tags) return fail(std::move(tags.error()));
  auto artifacts = texts_of(body, {"artifact_refs", "artifactRefs"});
  if (!artifacts) return fail(std::move(artifacts.error()));
  const auto secrecy = core::memory_classification_from(classification->value_or("internal"));
  if (!secrecy) {
    return fail(ErrorKind::invalid, "classification must be internal or restricted",
                "classification");
  }
  Json kept = {{memory_member::partition, partition->key()}};
  if (!tags->empty()) kept[memory_member::tags] = std::move(*tags);
  if (!artifacts->empty()) kept[memory_member::artifacts] = std::move(*artifacts);
  if (*source) kept[memory_member::source] = **source;
  if (const Json* own = member(body, {"metadata"})) {
    if (!own->is_object()) {
      return fail(ErrorKind::invalid, "metadata must be an object", "metadata");
    }
    kept[memory_member::metadata] = *own;
  }
  std::string subject = capability.subject;
  if (subject.empty()) subject = client;
  if (subject.size() > limits::tandem_subject_bytes_max) {
    return fail(ErrorKind::invalid, "the user of the memory has too long a name", "subject");
  }
  return MemoryPut{.memory = {.text = std::move(*text),
                              .kind = kind->value_or("note"),
                              .tier = partition->tier,
                              .metadata = std::move(kept),
                              .classification = *secrecy,
                              .thread_id = std::move(*session).value_or(std::string()),
                              .run_id = *run,
                              .subject = std::move(subject)},
                   .partition = std::move(*partition),
                   .run_id = std::move(*run)};
}

namespace {

base::Result<void> read_scopes(const Json& body, const MemoryCapability& capability,
                               MemoryQuery& out) {
  const auto wanted = texts_of(body, {"read_scopes", "readScopes"});
  if (!wanted) return fail(wanted.error());
  if (wanted->empty()) out.used = capability.read;
  for (const std::string& one : *wanted) {
    const auto tier = core::memory_tier_from(one);
    if (tier && capability.read.contains(*tier)) {
      out.used.insert(*tier);
    } else {
      out.blocked.push_back(one);
    }
  }
  return {};
}

}  // namespace

base::Result<MemoryQuery> read_memory_query(const Json& body, base::Time now) {
  MemoryQuery out{.shown_max = limits::tandem_memory_search_default};
  auto query = text_member(body, {"query", "q"});
  if (!query) return fail(std::move(query.error()));
  const auto partition = read_partition(body, {});
  if (!partition) return fail(partition.error());
  const auto capability = read_capability(body);
  if (!capability) return fail(capability.error());
  auto run = read_run_id(body);
  if (!run) return fail(std::move(run.error()));
  if (auto counts = check_capability(*capability, *partition, *run, now); !counts) {
    return fail(std::move(counts.error()));
  }
  if (auto scopes = read_scopes(body, *capability, out); !scopes) {
    return fail(std::move(scopes.error()));
  }
  auto tags = texts_of(body, {"tags"});
  if (!tags) return fail(std::move(tags.error()));
  if (const Json* limit = member(body, {"limit"})) {
    if (!limit->is_number_integer()) {
      return fail(ErrorKind::invalid, "limit must be an integer", "limit");
    }
    out.shown_max = static_cast<std::size_t>(std::clamp<std::int64_t>(
        limit->get<std::int64_t>(), 1, static_cast<std::int64_t>(limits::memories_recalled_max)));
  }
  // What lacks a tag is left out afterwards.
  out.search = {.text = std::move(*query).value_or(std::string()),
                .limit = tags->empty() ? out.shown_max : limits::memories_recalled_max};
  if (!capability->subject.empty()) out.subject = capability->subject;
  out.tags = std::move(*tags);
  out.run_id = std::move(*run);
  out.partition = partition->key();
  return out;
}

}  // namespace colonnade::dialects::tandem
