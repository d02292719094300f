#include "core/models/model_catalog.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/joined.hpp"
#include "base/json.hpp"
#include "base/log.hpp"
#include "core/access/account.hpp"
#include "core/access/operators.hpp"
#include "core/governance/audit.hpp"
#include "core/models/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Task;

namespace {

constexpr std::array<const char*, 2> layer_keys = {"models.server", "models.project"};

DocumentPlace server_place(std::string_view collection) {
  return {Scope::whole_server(), collection, ""};
}

std::string key_purpose(const std::string& vendor) {
  return base::joined({"provider key", vendor});
}

bool is_visible_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

std::unexpected<base::Error> cannot_be_set(const std::string& path) {
  return fail(ErrorKind::invalid,
              path +
                  " cannot be set here; what can be set is default_provider and "
                  "providers.<name>.default_model",
              path);
}

Result<void> check_choice_name(const Json& value, const std::string& path) {
  if (value.is_null()) return {};
  const bool fits = value.is_string() && !value.get_ref<const std::string&>().empty() &&
                    value.get_ref<const std::string&>().size() <= limits::model_choice_bytes_max;
  if (fits) return {};
  return fail(ErrorKind::invalid,
              path + " must be a text of 1 to " + std::to_string(limits::model_choice_bytes_max) +
                  " bytes, or null to take it away",
              path);
}

}  // namespace

Result<void> check_model_choices(const Json& patch) {
  if (!patch.is_object()) {
    return fail(ErrorKind::invalid, "the configuration must be a JSON object", "body");
  }
  for (const auto& [name, value] : patch.items()) {
    if (name == "default_provider") {
      if (auto fits = check_choice_name(value, name); !fits) return fits;
      continue;
    }
    const std::string path = base::member_path("", name);
    if (name != "providers" || (!value.is_object() && !value.is_null())) return cannot_be_set(path);
    for (const auto& [provider, members] : value.items()) {
      const std::string of_provider = base::member_path(path, provider);
      if (provider.empty() || provider.size() > limits::model_choice_bytes_max ||
          (!members.is_object() && !members.is_null())) {
        return cannot_be_set(of_provider);
      }
      for (const auto& [member, text] : members.items()) {
        const std::string whole = base::member_path(of_provider, member);
        if (member != "default_model") return cannot_be_set(whole);
        if (auto fits = check_choice_name(text, whole); !fits) return fits;
      }
    }
  }
  return {};
}

namespace {

std::string choice_in(const Json& tree, const char* member) {
  const auto at = tree.find(member);
  return at != tree.end() && at->is_string() ? at->get<std::string>() : std::string();
}

Json choices_from(const std::string& text) {
  Json out = Json::parse(text, nullptr, false);
  return out.is_object() ? out : Json::object();
}

AuditEntry catalog_entry(const Principal& who, std::string_view kind, std::string subject,
                         std::string_view change, Time at) {
  return {.kind = std::string(kind),
          .actor = who.user_id,
          .subject = std::move(subject),
          .details = {{"change", change}},
          .at = at};
}

}  // namespace

// One vendor that is being asked, for list() to wait for.
struct ModelCatalog::Asked {
  base::Completion<bool> done;
};

Task<Result<void>> ModelCatalog::open() {
  const auto keys = co_await ports_.store.documents_of_every_scope(
      std::string(document_collection::provider_key), limits::vendor_keys_max);
  if (!keys) co_return fail(keys.error());
  for (const Document& one : *keys) {
    if (one.text.empty()) {  // taken away
      const std::lock_guard lock(mutex_);
      stored_keys_[one.key].revision = one.revision;
      continue;
    }
    auto key = ports_.box.open(one.text, key_purpose(one.key));
    if (!key || !use_key(one.key, *key, one.revision)) {
      base::log::error(
          "provider_key_unusable",
          {{"provider", one.key}, {"error", key ? "no such provider" : key.error().message}});
    }
  }
  for (const ChoiceLayer layer : {ChoiceLayer::server, ChoiceLayer::project}) {
    const auto kept = co_await ports_.store.document(server_place(document_collection::settings),
                                                     layer_keys[static_cast<std::size_t>(layer)]);
    if (!kept) co_return fail(kept.error());
    use_layer(layer, *kept ? choices_from((*kept)->text) : Json::object(),
              *kept ? (*kept)->revision : 0);
  }
  co_return Result<void>{};
}

void ModelCatalog::use_layer(ChoiceLayer layer, Json choices, std::int64_t revision) {
  const std::lock_guard lock(mutex_);
  Layer& kept = layers_[static_cast<std::size_t>(layer)];
  if (revision < kept.revision) return;
  kept = {.choices = std::move(choices), .revision = revision};
  use_choices();
}

// With the mutex held, so that what is older cannot come after what is newer.
void ModelCatalog::use_choices() {
  Json all = Json::object();
  for (const Layer& layer : layers_) {
    if (layer.choices.is_object()) all.merge_patch(layer.choices);
  }
  ModelChoices choices{.provider = choice_in(all, "default_provider")};
  if (const auto providers = all.find("providers"); providers != all.end()) {
    for (const auto& [name, members] : providers->items()) {
      std::string model = choice_in(members, "default_model");
      if (!model.empty()) choices.models.emplace(name, std::move(model));
    }
  }
  ports_.providers.choose(std::move(choices));
}

std::int64_t ModelCatalog::revision_of_key(const std::string& vendor) const {
  const std::lock_guard lock(mutex_);
  const auto found = stored_keys_.find(vendor);
  return found == stored_keys_.end() ? 0 : found->second.revision;
}

// False when the vendor takes no key. "" takes it away.
bool ModelCatalog::use_key(const std::string& vendor, const std::string& key,
                           std::int64_t revision) {
  const std::lock_guard lock(mutex_);
  StoredKey& kept = stored_keys_[vendor];
  if (revision < kept.revision) return true;
  kept = {.there = false, .revision = revision};
  kept_.erase(vendor);
  if (!ports_.vendors.use_key(vendor, key)) return false;
  kept.there = !key.empty();
  return true;
}

// --- models -------------------------------------------------------------------------------------

Task<void> ModelCatalog::ask(ModelCatalog* self, base::Lane* lane, std::string id,
                             std::shared_ptr<Asked> asked, std::stop_token stop) {
  const std::int64_t key_revision = self->revision_of_key(id);
  auto models = co_await self->ports_.vendors.models(lane, id, std::move(stop));
  Kept kept{.ok = models.has_value()};
  const base::SteadyTime now = self->ports_.clock.steady();
  if (models) {
    kept.models = std::move(*models);
    std::ranges::sort(kept.models, {}, &VendorModel::id);
    kept.until = now + limits::vendor_models_kept;
  } else {
    kept.error = std::move(models.error());
    kept.until = now + limits::vendor_failure_kept;
  }
  {
    const std::lock_guard lock(self->mutex_);
    // A reader that went away says nothing of the vendor, and an answer to the key that was used
    // before nothing of what the present one will be told.
    const bool says = kept.ok || kept.error.kind != ErrorKind::cancelled;
    if (says && self->stored_keys_[id].revision == key_revision) {
      self->kept_[id] = std::move(kept);
    }
  }
  asked->done.complete(true);
}

std::vector<VendorCatalog> ModelCatalog::shown() const {
  std::vector<VendorCatalog> out;
  const std::lock_guard lock(mutex_);
  for (VendorState& state : ports_.vendors.states()) {
    VendorCatalog one{.state = std::move(state)};
    const auto stored = stored_keys_.find(one.state.id);
    one.stored_key = stored != stored_keys_.end() && stored->second.there;
    const auto kept = kept_.find(one.state.id);
    if (!one.state.supported) {
      one.message = "This server does not speak to this provider.";
    } else if (!one.state.connected()) {
      one.message = one.state.needs_key
                        ? "Live model discovery is unavailable: no key is set."
                        : "Live model discovery is unavailable: it is not configured.";
    } else if (kept != kept_.end() && kept->second.ok) {
      one.models = kept->second.models;
      one.source = CatalogSource::vendor;
      one.status = CatalogStatus::ok;
    } else if (kept != kept_.end()) {
      one.status = CatalogStatus::error;
      one.message = kept->second.error.message;
    } else {
      one.message = "Its models were not asked for yet.";
    }
    // What is configured can be used, whatever the vendor says.
    const std::string chosen = ports_.providers.chosen_model(one.state.id);
    const std::string& model = chosen.empty() ? one.state.default_model : chosen;
    if (one.models.empty() && one.state.connected() && !model.empty()) {
      one.models.push_back({.id = model});
      one.source = CatalogSource::configuration;
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<VendorCatalog> ModelCatalog::states() const { return shown(); }

Task<std::vector<VendorCatalog>> ModelCatalog::list(base::Lane* lane, std::stop_token stop) {
  std::vector<std::shared_ptr<Asked>> waiting;
  const base::SteadyTime now = ports_.clock.steady();
  for (const VendorState& state : ports_.vendors.states()) {
    if (!state.connected()) continue;
    {
      const std::lock_guard lock(mutex_);
      const auto kept = kept_.find(state.id);
      if (kept != kept_.end() && now < kept->second.until) continue;
    }
    waiting.push_back(std::make_shared<Asked>());
    lane->spawn("vendor_models", ask(this, lane, state.id, waiting.back(), stop));
  }
  for (const auto& one : waiting) co_await one->done.wait();
  co_return shown();
}

// --- keys ---------------------------------------------------------------------------------------

Task<Result<void>> ModelCatalog::set_key(Principal who, std::string vendor, std::string key) {
  if (auto allowed = check_server_operator(who); !allowed) co_return allowed;
  if (key.empty() || key.size() > limits::vendor_key_bytes_max || !is_visible_ascii(key)) {
    co_return fail(ErrorKind::invalid,
                   "the key must have 1 to " + std::to_string(limits::vendor_key_bytes_max) +
                       " visible characters",
                   "key");
  }
  const auto states = ports_.vendors.states();
  const auto known = std::ranges::find(states, vendor, &VendorState::id);
  if (known == states.end() || !known->supported) {
    co_return fail(ErrorKind::not_found,
                   "there is no provider \"" + vendor + "\" that this server speaks to",
                   "provider");
  }
  const auto revision = co_await keep_key(std::move(who), vendor, key);
  if (!revision) co_return fail(revision.error());
  if (!use_key(vendor, key, *revision)) {
    co_return fail(ErrorKind::not_found, "the provider \"" + vendor + "\" takes no key",
                   "provider");
  }
  co_return Result<void>{};
}

Task<Result<void>> ModelCatalog::remove_key(Principal who, std::string vendor) {
  if (auto allowed = check_server_operator(who); !allowed) co_return allowed;
  const auto revision = co_await keep_key(std::move(who), vendor, "");
  if (!revision) co_return fail(revision.error());
  use_key(vendor, "", *revision);
  co_return Result<void>{};
}

// The revision at which it is kept. "" takes it away: the row stays, without a text, so that its
// revisions go on rising.
Task<Result<std::int64_t>> ModelCatalog::keep_key(Principal who, std::string vendor,
                                                  std::string key) {
  for (int attempt = 0; attempt < limits::change_attempts_max; ++attempt) {
    const auto before =
        co_await ports_.store.document(server_place(document_collection::provider_key), vendor);
    if (!before) co_return fail(before.error());
    if (key.empty() && (!*before || (*before)->text.empty())) {
      co_return fail(ErrorKind::not_found, "no key was stored for the provider \"" + vendor + "\"",
                     "provider");
    }
    const std::int64_t revision = *before ? (*before)->revision : 0;
    const std::string text = key.empty() ? "" : ports_.box.seal(key, key_purpose(vendor));
    const Time now = ports_.clock.now();
    Unit unit{.scope = Scope::whole_server(), .account = account_of(who)};
    unit.changes.emplace_back(
        PutDocument{.document = {.scope = unit.scope,
                                 .collection = std::string(document_collection::provider_key),
                                 .key = vendor,
                                 .text = text,
                                 .changed_by = who.user_id,
                                 .created_at = now,
                                 .changed_at = now},
                    .revision_before = revision,
                    .documents_max = limits::vendor_keys_max});
    unit.changes.emplace_back(AppendAudit{catalog_entry(who, audit_kind::provider_key, vendor,
                                                        key.empty() ? "removed" : "set", now)});
    auto committed = co_await ports_.feed.commit(std::move(unit));
    if (committed) co_return revision + 1;
    if (committed.error().kind != ErrorKind::conflict) co_return fail(std::move(committed.error()));
  }
  co_return fail(ErrorKind::conflict,
                 "the key of \"" + vendor + "\" is being changed by others; try again", "provider");
}

// --- choices ------------------------------------------------------------------------------------

Json ModelCatalog::choices(ChoiceLayer layer) const {
  const std::lock_guard lock(mutex_);
  const Json& out = layers_[static_cast<std::size_t>(layer)].choices;
  return out.is_object() ? out : Json::object();
}

Json ModelCatalog::effective() const {
  Json out = {{"default_provider", ports_.providers.default_name()}, {"providers", Json::object()}};
  for (const VendorState& state : ports_.vendors.states()) {
    if (!state.connected() || state.default_model.empty()) continue;
    out["providers"][state.id] = {{"default_model", state.default_model}};
  }
  out.merge_patch(choices(ChoiceLayer::server));
  out.merge_patch(choices(ChoiceLayer::project));
  return out;
}

Task<Result<Json>> ModelCatalog::change(Principal who, ChoiceLayer layer, Json patch) {
  if (auto allowed = check_server_operator(who); !allowed) {
    co_return fail(std::move(allowed.error()));
  }
  if (auto fits = check_model_choices(patch); !fits) co_return fail(std::move(fits.error()));
  const std::string key = layer_keys[static_cast<std::size_t>(layer)];
  for (int attempt = 0; attempt < limits::change_attempts_max; ++attempt) {
    const auto before =
        co_await ports_.store.document(server_place(document_collection::settings), key);
    if (!before) co_return fail(before.error());
    const std::int64_t revision = *before ? (*before)->revision : 0;
    Json now = *before ? choices_from((*before)->text) : Json::object();
    now.merge_patch(patch);
    if (now.contains("providers") && now["providers"].size() > limits::model_choices_max) {
      co_return fail(ErrorKind::too_large,
                     "providers has more than " + std::to_string(limits::model_choices_max) +
                         " members; take some away with null",
                     "providers");
    }
    const Time at = ports_.clock.now();
    Unit unit{.scope = Scope::whole_server(), .account = account_of(who)};
    unit.changes.emplace_back(
        PutDocument{.document = {.scope = unit.scope,
                                 .collection = std::string(document_collection::settings),
                                 .key = key,
                                 .text = base::to_text(now),
                                 .changed_by = who.user_id,
                                 .created_at = at,
                                 .changed_at = at},
                    .revision_before = revision,
                    .documents_max = limits::vendor_keys_max});
    AuditEntry entry = catalog_entry(who, audit_kind::setting, key, "changed", at);
    entry.details["now"] = now;
    unit.changes.emplace_back(AppendAudit{std::move(entry)});
    auto committed = co_await ports_.feed.commit(std::move(unit));
    if (!committed && committed.error().kind == ErrorKind::conflict) continue;
    if (!committed) co_return fail(std::move(committed.error()));
    use_layer(layer, std::move(now), revision + 1);
    co_return effective();
  }
  co_return fail(ErrorKind::conflict, "the configuration was changed by others; try again");
}

}  // namespace colonnade::core
