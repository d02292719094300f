#include "app/config_platos.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config_file.hpp"
#include "app/files.hpp"
#include "storage/sqlite/test_folder.hpp"

namespace colonnade::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

struct Read {
  Config config{};
  ConfigFaults faults{};
};

Read read(const std::string& text) {
  Read out;
  const auto tree = yaml::parse("platos:\n" + text, "c.yaml");
  EXPECT_TRUE(tree) << tree.error().message;
  apply_config_file(*tree, "c.yaml", "/etc", "/home/ada", out.config, out.faults);
  if (out.faults.empty()) check_platos_entities(out.config.settings, out.faults);
  return out;
}

// An entity with these lines behind the three names.
std::string entity(const std::string& more) {
  return "  entities:\n    - organization: acme\n      project: shop\n      entity: backend\n" +
         more;
}

const std::string long_enough(32, 's');

TEST(ConfigPlatos, ReadsEntitiesAndThePlatformsSecret) {
  auto [config, faults] =
      read(entity("      secret: \"" + long_enough + "\"\n      second_secret: ${OLD}\n") +
           "  platform_secret: ${PLATFORM}\n  turns_per_user_minute: 5\n");
  EXPECT_THAT(faults, IsEmpty());
  Settings& settings = config.settings;
  resolve_platos_secrets(
      settings,
      Environment({{"OLD", std::string(33, 'o') + "\n"}, {"PLATFORM", std::string(34, 'p')}}),
      faults);
  EXPECT_THAT(faults, IsEmpty());
  ASSERT_EQ(settings.platos.entities.size(), 1U);
  const PlatosEntitySettings& one = settings.platos.entities.front();
  EXPECT_EQ(one.organization, "acme");
  EXPECT_EQ(one.project, "shop");
  EXPECT_EQ(one.entity, "backend");
  EXPECT_EQ(one.secret, long_enough);
  EXPECT_EQ(one.second_secret, std::string(33, 'o'));
  EXPECT_EQ(settings.platos.platform_secret, std::string(34, 'p'));
  EXPECT_EQ(settings.platos.turns_per_user_minute, 5);
  EXPECT_THAT(shown_platos_entities(settings),
              ElementsAre(Pair("platos.entities[0].organization", "acme"),
                          Pair("platos.entities[0].project", "shop"),
                          Pair("platos.entities[0].entity", "backend"),
                          Pair("platos.entities[0].secret", ""),
                          Pair("platos.entities[0].second_secret", "")));
}

TEST(ConfigPlatos, ASecretMayStandInAFile) {
  const storage::sqlite::TestFolder folder;
  ASSERT_TRUE(write_owner_only_file(folder.file("secret"), "\xef\xbb\xbf" + long_enough + "\r\n"));
  auto [config, faults] = read(entity("      secret: file:" + folder.file("secret") + "\n"));
  resolve_platos_secrets(config.settings, Environment(), faults);
  EXPECT_THAT(faults, IsEmpty());
  EXPECT_EQ(config.settings.platos.entities.front().secret, long_enough);
}

TEST(ConfigPlatos, FaultsNameThePlaceAndNeverTheSecret) {
  EXPECT_THAT(read("  entities: {a: b}\n").faults, ElementsAre(HasSubstr("expected a list")));
  EXPECT_THAT(read("  entities: [a]\n").faults, ElementsAre(HasSubstr("platos.entities[0]")));
  EXPECT_THAT(read(entity("      secrets: hush\n")).faults,
              ElementsAre(HasSubstr("did you mean \"secret\"?")));
  EXPECT_THAT(read(entity("")).faults, ElementsAre("platos.entities[0].secret: missing"));
  EXPECT_THAT(read(entity("      secret: [hush]\n")).faults, ElementsAre(Not(HasSubstr("hush"))));
  EXPECT_THAT(
      read("  entities:\n    - {organization: a/b, project: p, entity: e, secret: s}\n").faults,
      ElementsAre(HasSubstr("organization must have")));
  EXPECT_THAT(read("  entities:\n"
                   "    - {organization: a, project: p, entity: e, secret: s}\n"
                   "    - {organization: a, project: p, entity: e, secret: t}\n")
                  .faults,
              ElementsAre(HasSubstr("platos.entities[1]: the entity stands twice")));
}

TEST(ConfigPlatos, SecretsThatDoNotFitAreRefusedAtTheStart) {
  const auto resolved = [](const std::string& secret) {
    auto [config, faults] = read(entity("      secret: \"" + secret + "\"\n"));
    resolve_platos_secrets(config.settings, Environment({{"SHORT", "hush"}}), faults);
    return faults;
  };
  EXPECT_THAT(resolved(std::string(31, 's')),
              ElementsAre(testing::AllOf(HasSubstr("platos.entities[0].secret: the secret has 31"),
                                         Not(HasSubstr("sss")))));
  EXPECT_THAT(resolved("${SHORT}"), ElementsAre(Not(HasSubstr("hush"))));
  EXPECT_THAT(resolved("${ABSENT}"), ElementsAre(HasSubstr("ABSENT is not set")));
  EXPECT_THAT(resolved("file:relative"), ElementsAre(HasSubstr("absolute path")));
  EXPECT_THAT(resolved("file:/nowhere/at/all"), ElementsAre(HasSubstr("/nowhere/at/all")));
}

}  // namespace
}  // namespace colonnade::app
