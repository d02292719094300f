// Entities and access keys, made on this machine: straight in the store when no server runs on it,
// else through the server that does.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "app/settings.hpp"
#include "base/result.hpp"
#include "core/access/entity.hpp"

namespace colonnade::app {

struct EntityLine {
  core::EntityName name{};
  bool configured = false;
  bool second_secret = false;
  std::string created_at{};  // "" for one of the configuration
  std::string secret{};      // only of one that was just made
};

struct AccessKeyLine {
  std::string id{};
  std::string name{};
  std::vector<std::string> origins{};
  std::string created_at{};
  std::string key{};  // only of one that was just made
};

// Whom a session token is for.
struct NewSessionToken {
  std::string environment{};
  std::string user{};
  std::string agent{};  // "" binds it to none
  std::string name{};   // of the user, for prompts; "" for none
  std::string email{};
  std::int64_t seconds = 3600;
};
struct SessionTokenLine {
  std::string token{};
  std::int64_t expires_at = 0;  // Unix seconds
};

class LocalAccess {
 public:
  virtual ~LocalAccess() = default;
  // Those of the configuration are seen by a running server only.
  virtual base::Result<std::vector<EntityLine>> entities() = 0;
  // `secret` empty: one is made.
  virtual base::Result<EntityLine> add_entity(const core::EntityName& name,
                                              const std::string& secret) = 0;
  virtual base::Result<EntityLine> rotate_entity(const core::EntityName& name,
                                                 const std::string& secret) = 0;
  virtual base::Result<void> finish_rotation(const core::EntityName& name) = 0;
  virtual base::Result<void> remove_entity(const core::EntityName& name) = 0;
  // Signed with the entity's newest secret. not_found without such an entity, invalid for what a
  // token cannot say.
  virtual base::Result<SessionTokenLine> mint_token(const core::EntityName& name,
                                                    const NewSessionToken& wanted) = 0;

  // `scope`: ORGANIZATION/PROJECT/ENVIRONMENT.
  virtual base::Result<std::vector<AccessKeyLine>> access_keys(const std::string& scope) = 0;
  virtual base::Result<AccessKeyLine> add_access_key(const std::string& scope,
                                                     const std::string& name,
                                                     const std::vector<std::string>& origins) = 0;
  virtual base::Result<void> remove_access_key(const std::string& scope, const std::string& id) = 0;
};

// Prefers the running server. Errors: not_found when there is no store; conflict when the store is
// in use but no server can be found.
base::Result<std::unique_ptr<LocalAccess>> open_local_access(const Settings& settings);

}  // namespace colonnade::app
