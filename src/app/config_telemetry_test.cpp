#include "app/config_telemetry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/environment.hpp"

namespace colonnade::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

ConfigFaults checked(const Settings& settings) {
  ConfigFaults faults;
  check_telemetry(settings, faults);
  return faults;
}

Settings with_endpoint() {
  Settings out;
  out.telemetry.otlp.endpoint = "http://127.0.0.1:4318";
  return out;
}

TEST(ConfigTelemetry, NothingIsExportedByDefault) {
  EXPECT_THAT(checked({}), IsEmpty());
  EXPECT_EQ(Settings{}.telemetry.otlp.endpoint, "");
  EXPECT_FALSE(Settings{}.telemetry.otlp.content);
}

TEST(ConfigTelemetry, AnAddressIsAnAddress) {
  EXPECT_THAT(checked(with_endpoint()), IsEmpty());
  Settings settings;
  settings.telemetry.otlp.endpoint = "collector:4318";
  EXPECT_THAT(checked(settings), ElementsAre(HasSubstr("telemetry.otlp.endpoint: expected")));
}

TEST(ConfigTelemetry, HeadersAndContentWantAnEndpoint) {
  Settings settings;
  settings.telemetry.otlp.content = true;
  EXPECT_THAT(checked(settings), ElementsAre(HasSubstr("telemetry.otlp.endpoint: missing")));
}

TEST(ConfigTelemetry, WhatIsNoHeaderIsAFaultWithoutItsValue) {
  for (const char* text : {"hush-hush", ": hush", "a b: hush", "X-Key:", "X-Key: a\nhush: b"}) {
    Settings settings = with_endpoint();
    settings.telemetry.otlp.headers = {"X-Good: yes", text};
    const ConfigFaults faults = checked(settings);
    ASSERT_EQ(faults.size(), 1U) << text;
    EXPECT_THAT(faults[0], HasSubstr("telemetry.otlp.headers[1]")) << text;
    EXPECT_THAT(faults[0], Not(HasSubstr("hush"))) << text;
  }
}

TEST(ConfigTelemetry, ValuesMayBeNamesOfSecrets) {
  Settings settings = with_endpoint();
  settings.telemetry.otlp.headers = {"X-Plain: as it is", "Authorization: ${OTLP_TOKEN}"};
  ConfigFaults faults;
  resolve_telemetry_secrets(settings, Environment({{"OTLP_TOKEN", "Bearer hush"}}), faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_THAT(otlp_headers(settings),
              ElementsAre(Pair("X-Plain", "as it is"), Pair("Authorization", "Bearer hush")));
}

TEST(ConfigTelemetry, ASecretThatIsNotThereIsNamed) {
  Settings settings = with_endpoint();
  settings.telemetry.otlp.headers = {"A: ${NOT_THERE}", "B: file:relative", "C: file:/no/where"};
  ConfigFaults faults;
  resolve_telemetry_secrets(settings, Environment(), faults);
  EXPECT_THAT(faults, ElementsAre(HasSubstr("headers[0]: the environment variable NOT_THERE"),
                                  HasSubstr("headers[1]: file: takes an absolute path"),
                                  HasSubstr("/no/where")));
}

}  // namespace
}  // namespace colonnade::app
