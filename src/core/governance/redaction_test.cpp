#include "core/governance/redaction.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace colonnade::core {
namespace {

using base::Json;

TEST(Redaction, KnowsShortNamesAndFormsOfSecrets) {
  const Json in = {{"db_pw", "hunter2"},
                   {"userPass", {{"nested", "x"}}},
                   {"otp", 123456},
                   {"compass", "north"},
                   {"url", "postgres://app:hunter2@db/main"},
                   {"note", "use glpat-0123456789abcdefghij now"},
                   {"proof", "eyJ0eXAiOiJKV1QifQ.eyJzdWIiOiIxIn0.c2ln"},
                   {"pem", "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n-----END PRIVATE KEY-----\n"},
                   {"command", "mysql --password hunter2 -e 'select 1'"}};
  const Json out = Redaction().apply(in);
  EXPECT_EQ(out["db_pw"], "[redacted]");
  EXPECT_EQ(out["userPass"], "[redacted]") << "whatever it is";
  EXPECT_EQ(out["otp"], "[redacted]");
  EXPECT_EQ(out["compass"], "north");
  EXPECT_EQ(out["url"], "postgres://app:[redacted]@db/main");
  EXPECT_EQ(out["note"], "use [redacted] now");
  EXPECT_EQ(out["proof"], "[redacted]");
  EXPECT_EQ(out["pem"], "[redacted]\n");
  EXPECT_EQ(out["command"], "mysql --password [redacted] -e 'select 1'");
}

TEST(Redaction, TakesNamesOfYourOwn) {
  std::vector<std::string> names = Redaction::default_names();
  names.emplace_back("Patient-Id");
  const Json out = Redaction(names).apply({{"main_patient_id", "77"}, {"id", "78"}});
  EXPECT_EQ(out["main_patient_id"], "[redacted]");
  EXPECT_EQ(out["id"], "78");
}

}  // namespace
}  // namespace colonnade::core
