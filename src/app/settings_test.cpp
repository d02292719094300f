#include "app/settings.hpp"

#include <gtest/gtest.h>

#include <set>

namespace colonnade::app {
namespace {

TEST(Settings, NamesVariablesAndFlagsAreUnique) {
  std::set<std::string> names;
  std::set<std::string> variables;
  std::set<std::string> flags;
  for (const Setting& setting : settings_table()) {
    EXPECT_TRUE(names.insert(std::string(setting.name)).second) << setting.name;
    EXPECT_TRUE(variables.insert(environment_variable(setting)).second) << setting.name;
    EXPECT_TRUE(flags.insert(flag_name(setting)).second) << setting.name;
    EXPECT_FALSE(setting.help.empty()) << setting.name;
  }
  EXPECT_EQ(environment_variable(*find_setting("tls.certificate_file")),
            "COLONNADE_TLS_CERTIFICATE_FILE");
  EXPECT_EQ(flag_name(*find_setting("tls.certificate_file")), "--tls-certificate-file");
}

// Each row reaches a member of its own: what is set through one shows through that one only.
TEST(Settings, EveryRowReachesItsOwnMember) {
  for (const Setting& setting : settings_table()) {
    std::vector<std::string> text{"7"};
    if (setting.min > 7) text = {std::to_string(static_cast<int>(setting.min) + 1)};
    if (!setting.choices.empty()) text = {setting.choices.back()};
    if (is_boolean(setting)) {
      text = {value_text(setting, Settings{}) == "true" ? "false" : "true"};
    }
    if (setting.name == "listen") text = {"[::1]:7"};
    if (setting.name == "temperature") text = {"1.5"};
    Settings changed;
    ASSERT_TRUE(set_from_text(setting, changed, text)) << setting.name;
    for (const Setting& other : settings_table()) {
      const bool same = value_text(other, changed) == value_text(other, Settings{});
      EXPECT_EQ(same, &other != &setting) << setting.name << " and " << other.name;
    }
  }
}

// Only an enumeration has choices, and each of them is another enumerator.
TEST(Settings, ChoicesAreEnumerators) {
  for (const Setting& setting : settings_table()) {
    const auto* member = std::get_if<EnumMember>(&setting.target);
    EXPECT_EQ(member != nullptr, !setting.choices.empty()) << setting.name;
    if (member == nullptr) continue;
    for (std::size_t i = 0; i < setting.choices.size(); ++i) {
      Settings changed;
      ASSERT_TRUE(set_from_text(setting, changed, {setting.choices[i]})) << setting.name;
      EXPECT_EQ(member->get(changed), i) << setting.name;
      EXPECT_EQ(value_text(setting, changed), setting.choices[i]);
    }
    Settings changed;
    for (const std::vector<std::string>& wrong :
         {std::vector<std::string>{"wrong"}, {setting.choices[0], setting.choices[0]}, {}}) {
      EXPECT_FALSE(set_from_text(setting, changed, wrong)) << setting.name;
    }
  }
  Settings changed;
  ASSERT_TRUE(set_from_text(*find_setting("log.level"), changed, {"off"}));
  EXPECT_EQ(changed.log.level, base::log::Level::off);
  ASSERT_TRUE(set_from_text(*find_setting("durability"), changed, {"normal"}));
  EXPECT_EQ(changed.durability, Durability::normal);
}

TEST(Settings, DefaultsAreValuesThatTheRowsAccept) {
  const Settings defaults;
  for (const Setting& setting : settings_table()) {
    const std::string text = value_text(setting, defaults);
    if (text.empty() || is_list(setting)) continue;
    Settings again;
    EXPECT_TRUE(set_from_text(setting, again, {text})) << setting.name << " = " << text;
    EXPECT_EQ(value_text(setting, again), text);
  }
}

TEST(Settings, ListenAddresses) {
  EXPECT_EQ(parse_listen_address("127.0.0.1:8790"), (ListenAddress{"127.0.0.1", 8790}));
  EXPECT_EQ(parse_listen_address("localhost:0"), (ListenAddress{"localhost", 0}));
  EXPECT_EQ(parse_listen_address("[::1]:80"), (ListenAddress{"::1", 80}));
  for (const char* wrong : {"", ":80", "8790", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                            "127.0.0.1:-1", "127.0.0.1:8x", "::1:80", "[]:80", "[::1:80"}) {
    EXPECT_FALSE(parse_listen_address(wrong)) << wrong;
  }
  EXPECT_EQ(to_string(ListenAddress{"::1", 80}), "[::1]:80");
  EXPECT_EQ(local_url({"0.0.0.0", 8790}, false), "http://127.0.0.1:8790");
  EXPECT_EQ(local_url({"::", 8790}, true), "https://[::1]:8790");
}

}  // namespace
}  // namespace colonnade::app
