// The Platos client and the real server, with an entity whose tokens the tests make themselves.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/json_web_token.hpp"
#include "colonnade/platos.hpp"
#include "program.hpp"

namespace colonnade::e2e {

inline constexpr const char* entity_secret = "0123456789abcdef0123456789abcdef";

// A token of a user in acme, shop, live.
inline std::string session_token(std::string_view user, std::int64_t seconds_left = 600) {
  const std::int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                               std::chrono::system_clock::now().time_since_epoch())
                               .count();
  const base::Json claims = {{"organizationId", "acme"}, {"projectId", "shop"},
                             {"environmentId", "live"},  {"userId", std::string(user)},
                             {"entityId", "backend"},    {"iat", now - 3600},
                             {"exp", now + seconds_left}};
  return base::make_token(base::to_text(claims), entity_secret);
}

class PlatosSdkTest : public ::testing::Test {
 protected:
  // With an entity whose tokens session_token() makes.
  void start(std::string_view more = {}) {
    const std::string config =
        "platos:\n  entities:\n    - organization: acme\n      project: shop\n"
        "      entity: backend\n      secret: " +
        std::string(entity_secret) + "\n" + std::string(more);
    server_ = std::make_unique<ServerProcess>(
        folder_, Arguments{"--config", folder_.write("c.yaml", config)});
    ASSERT_TRUE(server_->ready().is_object());
  }
  platos::Options user_options(std::string_view user) const {
    platos::Options options;
    options.base_url = server_->url();
    options.session_token = session_token(user);
    return options;
  }
  // Of the same scope.
  platos::Options operator_options() const {
    platos::Options options;
    options.base_url = server_->url();
    options.api_key = server_->ready()["first_token"];
    options.scope = {.organization_id = "acme", .project_id = "shop", .environment_id = "live"};
    options.default_user = "root";
    return options;
  }
  Process::Ended run_example(const std::string& name, const std::string& url,
                             const std::string& token) const {
    Process example({},
                    {{"PLATOS_BASE_URL", url},
                     {"PLATOS_SESSION_TOKEN", token},
                     {"PLATOS_ENTITY_SECRET", entity_secret}},
                    folder_.path(), std::string(COLONNADE_EXAMPLES) + "/" + name);
    return example.wait();
  }

  Folder folder_;
  std::unique_ptr<ServerProcess> server_;
};

}  // namespace colonnade::e2e
