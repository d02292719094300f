// What requests about memory say of tiers, partitions and capabilities.
#include <algorithm>
#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <utility>

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

}  // namespace colonnade::dialects::tandem
