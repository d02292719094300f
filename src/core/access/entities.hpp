// Entities and their secrets: whose tokens count, and what ends when a secret is taken away.
//
// They come from the configuration and from the store. All of them are read at the start, as every
// request with a token of theirs asks for a secret.
#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/secret_box.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entity.hpp"
#include "core/access/entity_store.hpp"
#include "core/access/principal.hpp"
#include "core/events/event_feed.hpp"

namespace colonnade::core {

// What tokens are signed with.
struct SigningSecret {
  std::string secret{};  // the text itself is the key
  // Core's name for whoever came in by it (Principal::credential_id): what they hold open ends with
  // the secret.
  std::string credential_id{};
};

struct ConfiguredEntity {
  EntityName name{};
  std::string secret{};
  std::string second_secret{};  // "" for none
};

struct ConfiguredSecrets {
  std::vector<ConfiguredEntity> entities{};
  std::string platform_secret{};  // "" for none
};

// Without its secrets.
struct EntityRow {
  EntityName name{};
  bool configured = false;  // of the configuration, which alone changes it
  bool second_secret = false;
  Time created_at{};  // both are nothing when it is configured
  Time changed_at{};
};

struct EntityWithSecret {
  EntityRow row{};
  std::string secret{};  // shown once
};

// 1 to limits::scope_part_bytes_max letters, digits, dots, dashes and underscores.
bool is_access_name(std::string_view text);
// Errors: invalid with the field "organization", "project" or "entity".
Result<void> check_entity_name(const EntityName& name);
// limits::entity_secret_bytes_min to _max bytes. Errors: invalid with the field "secret"; never the
// secret itself.
Result<void> check_entity_secret(std::string_view secret);

// Thread-safe. But for open() and the secrets, every error is forbidden for whoever is no operator
// of every scope, invalid for a name or a secret that does not fit.
class Entities {
 public:
  // All must outlive it. The configured names and secrets have been checked.
  Entities(EntityStore& store, Credentials& credentials, EventFeed& feed, base::Clock& clock,
           const base::SecretBox& box, ConfiguredSecrets configured);

  // Reads the stored ones; once, before anything else. One whose secret cannot be opened lets
  // nobody in, and the log says so. One of the configuration wins over one of the same name.
  base::Task<Result<void>> open();

  // The secrets of an entity, one or two; none when there is no such entity.
  std::vector<SigningSecret> secrets_of(const EntityName& name) const;
  // None or one.
  std::vector<SigningSecret> platform_secret() const { return platform_; }

  // By name.
  base::Task<Result<std::vector<EntityRow>>> list(Principal who) const;
  // With a secret of its own when `secret` is empty. conflict when there is one of that name.
  base::Task<Result<EntityWithSecret>> add(Principal who, EntityName name, std::string secret);
  // not_found; conflict for a configured one, as in the two below. What its tokens hold open ends.
  base::Task<Result<void>> remove(Principal who, EntityName name);
  // A new secret (its own when `secret` is empty); the one before goes on counting as the second.
  // What tokens of an earlier second one hold open ends.
  base::Task<Result<EntityWithSecret>> rotate(Principal who, EntityName name, std::string secret);
  // The second secret counts no more, and what its tokens hold open ends. conflict without one.
  base::Task<Result<void>> finish_rotation(Principal who, EntityName name);

 private:
  struct Known {
    EntityRow row{};
    std::vector<SigningSecret> secrets{};  // the second one behind
  };
  enum class Slot { first, second };
  SigningSecret begin(std::string secret);
  Known known_from(const Entity& entity);
  // What `who` may change. Errors: forbidden, not_found, conflict.
  Result<Known> changeable(const Principal& who, const EntityName& name) const;
  std::string seal(const EntityName& name, const std::vector<SigningSecret>& secrets,
                   Slot slot) const;
  // Stores other secrets, and then counts by them.
  base::Task<Result<EntityRow>> replace_secrets(Principal who, Known before, Known after,
                                                std::string change);

  EntityStore& store_;
  Credentials& credentials_;
  EventFeed& feed_;
  base::Clock& clock_;
  const base::SecretBox& box_;
  std::vector<SigningSecret> platform_;
  mutable std::shared_mutex mutex_;
  std::map<EntityName, Known> by_name_;
};

}  // namespace colonnade::core
