// What judges Platos' callers, on a store of a test's own; for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/json_web_token.hpp"
#include "base/lane.hpp"
#include "base/secret_box.hpp"
#include "core/access/access_keys.hpp"
#include "core/access/credentials.hpp"
#include "core/access/entities.hpp"
#include "core/access/login_failures.hpp"
#include "core/access/operators.hpp"
#include "core/access/rate_limits.hpp"
#include "core/events/background_commits.hpp"
#include "core/events/event_feed.hpp"
#include "core/governance/audit_log.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/routes.hpp"
#include "storage/sqlite/store.hpp"
#include "storage/sqlite/test_folder.hpp"

namespace colonnade::dialects::platos {

inline const std::string test_secret = "0123456789abcdef0123456789abcdef";
inline const std::string test_platform_secret = "platform-secret-platform-secret-00";
inline constexpr std::int64_t test_now = 1'778'576'400;  // seconds

inline core::ConfiguredSecrets test_secrets() {
  return {.entities = {{.name = {.organization = "acme", .project = "garden", .entity = "ent-1"},
                        .secret = test_secret}},
          .platform_secret = test_platform_secret};
}

// Opened anew, it finds what an earlier one of the same folder has stored.
class TestHouse {
 public:
  explicit TestHouse(const storage::sqlite::TestFolder& folder,
                     core::ConfiguredSecrets secrets = test_secrets(),
                     core::RateLimitOptions rates = {}, AccessOptions options = {})
      : box({}),
        lanes(1),
        store(opened(folder.file("test.db"))),
        feed(lanes, *store, *store),
        credentials(*store, feed, clock),
        entities(*store, credentials, feed, clock, box, std::move(secrets)),
        access_keys(*store, feed, clock, access_key_prefix),
        rate_limits(clock, rates),
        commits(feed, lanes[0]),
        audit_log(commits),
        login_failures(audit_log, clock),
        access({.credentials = credentials,
                .entities = entities,
                .access_keys = access_keys,
                .rate_limits = rate_limits,
                .login_failures = login_failures,
                .clock = clock},
               std::move(options)) {
    EXPECT_TRUE(run(entities.open()));
    EXPECT_TRUE(run(access_keys.open()));
  }
  ~TestHouse() {
    store->close();
    lanes.stop();
  }

  template <class T>
  T run(base::Task<T> task) {
    return base::run_on(lanes[0], std::move(task));
  }
  base::Result<Caller> admit(const net::Request& head) { return run(access.admit(head)); }
  // The token of an operator of every scope, or of somebody in one.
  std::string token_of(core::Principal who) {
    auto made =
        run(credentials.create(std::move(who), core::CredentialKind::operator_token, "test"));
    EXPECT_TRUE(made);
    return made ? made->token : "";
  }
  std::string operator_token() {
    core::Principal who(core::default_view(), "admin", core::UserRole::operator_role);
    who.every_scope = true;
    return token_of(std::move(who));
  }

  // "address means" of the failed logins that the audit trail has.
  std::vector<std::string> recorded_failures() {
    operator_token();  // committed behind them
    std::vector<std::string> out;
    const auto records = run(store->audit(0, 1000));
    EXPECT_TRUE(records);
    if (!records) return out;
    for (const core::AuditRecord& record : *records) {
      if (record.kind != core::audit_kind::login_failed) continue;
      const base::Json details = base::Json::parse(record.text).at("details");
      out.push_back(record.subject + " " + details.at("means").get<std::string>());
    }
    return out;
  }

  base::ManualClock clock{base::Time{test_now * 1'000'000}};
  base::SecretBox box;
  base::Lanes lanes;
  std::unique_ptr<storage::sqlite::Store> store;
  core::EventFeed feed;
  core::Credentials credentials;
  core::Entities entities;
  core::AccessKeys access_keys;
  core::RateLimits rate_limits;
  core::BackgroundCommits commits;
  core::AuditLog audit_log;
  core::LoginFailures login_failures;
  Access access;

 private:
  static std::unique_ptr<storage::sqlite::Store> opened(const std::string& path) {
    auto out =
        storage::sqlite::Store::open(path, {.durability = storage::sqlite::Durability::normal});
    if (!out) throw std::runtime_error(out.error().message);
    return std::move(*out);
  }
};

inline base::Json test_claims(const std::string& user = "ann") {
  return {{"organizationId", "acme"}, {"projectId", "garden"}, {"environmentId", "test"},
          {"userId", user},           {"entityId", "ent-1"},   {"iat", test_now},
          {"exp", test_now + 60}};
}
inline std::string test_token(const base::Json& claims, const std::string& secret = test_secret) {
  return base::make_token(base::to_text(claims), secret);
}
inline net::Request with_headers(net::Headers headers) {
  net::Request out;
  out.headers = std::move(headers);
  return out;
}
inline net::Request with_token(const std::string& token) {
  return with_headers({{"X-Platos-Session-Token", token}});
}

}  // namespace colonnade::dialects::platos
