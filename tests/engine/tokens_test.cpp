// What operators do with tokens, on a real store.
#include "core/access/tokens.hpp"

#include <gtest/gtest.h>

#include "core/access/operators.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;

class TokensTest : public ::testing::Test {
 protected:
  Result<CreatedToken> create(const Principal& who, NewToken input) {
    return engine_.run(tokens_.create(who, std::move(input)));
  }
  NewToken member(const std::string& scope) const {
    return {.name = "laptop", .scope = scope, .user = "ann", .role = "member"};
  }
  std::string actor_of_last_record() {
    const auto records = engine_.run(engine_.store->audit(0, 100));
    return base::parse_json(records->back().text, "record")->at("actor").get<std::string>();
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  base::ManualClock clock_;
  Credentials credentials_{*engine_.store, engine_.feed, clock_};
  Tokens tokens_{*engine_.store, credentials_};
  Principal root_{Scope::main(), "root", UserRole::operator_role};
  Principal system_ = system_operator();
};

TEST_F(TokensTest, ATokenLetsItsBearerInUntilItIsRevoked) {
  const auto made = create(root_, member("main/main/main"));
  ASSERT_TRUE(made);
  EXPECT_EQ(actor_of_last_record(), "root");
  const auto who = engine_.run(credentials_.authenticate(made->token));
  ASSERT_TRUE(who);
  EXPECT_EQ(who->user_id, "ann");
  EXPECT_EQ(who->role, UserRole::member);
  EXPECT_EQ(engine_.run(tokens_.list(root_, "ann"))->at(0).id, made->credential.id);
  ASSERT_TRUE(engine_.run(tokens_.revoke(root_, made->credential.id)));
  EXPECT_EQ(actor_of_last_record(), "root");
  EXPECT_FALSE(engine_.run(credentials_.authenticate(made->token)));
  EXPECT_TRUE(engine_.run(tokens_.list(root_, "ann"))->empty());
  EXPECT_EQ(engine_.run(tokens_.revoke(root_, made->credential.id)).error().kind,
            ErrorKind::not_found);
}

TEST_F(TokensTest, ARevokedTokenCreatesNoOther) {
  const auto made =
      create(root_, {.name = "a", .scope = "main/main/main", .user = "eve", .role = "operator"});
  ASSERT_TRUE(made) << made.error().message;
  const auto eve = engine_.run(credentials_.authenticate(made->token));
  ASSERT_TRUE(eve);
  EXPECT_TRUE(create(*eve, member("main/main/main")));
  // Another process's, or a moment ago: this object does not know of it yet.
  Credentials others(*engine_.store, engine_.feed, clock_);
  ASSERT_TRUE(
      engine_.run(others.revoke(root_, CredentialKind::operator_token, made->credential.id)));
  EXPECT_EQ(create(*eve, member("main/main/main")).error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(engine_.run(tokens_.list(root_, "ann"))->size(), 1U);
}

TEST_F(TokensTest, AnOperatorOfOneScopeHasThatOneOnly) {
  const auto elsewhere = create(system_, member("acme/shop/live"));
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(actor_of_last_record(), "system");
  EXPECT_EQ(create(root_, member("acme/shop/live")).error().kind, ErrorKind::unauthorized);
  const NewToken of_all{.name = "all", .scope = "*", .user = "eve", .role = "operator"};
  EXPECT_EQ(create(root_, of_all).error().kind, ErrorKind::forbidden);
  EXPECT_TRUE(engine_.run(tokens_.list(root_, "ann"))->empty());
  EXPECT_EQ(engine_.run(tokens_.revoke(root_, elsewhere->credential.id)).error().kind,
            ErrorKind::not_found);
  EXPECT_TRUE(engine_.run(credentials_.authenticate(elsewhere->token)));
  const auto other = create(system_, of_all);
  ASSERT_TRUE(other);
  EXPECT_TRUE(engine_.run(credentials_.authenticate(other->token))->is_server_operator());
}

TEST_F(TokensTest, ATokenOfEveryScopeIsMissingForAnOperatorOfOne) {
  const NewToken of_all{.name = "all", .scope = "*", .user = "eve", .role = "operator"};
  const auto made = create(system_, of_all);
  ASSERT_TRUE(made);
  EXPECT_TRUE(engine_.run(tokens_.list(root_, "eve"))->empty());
  EXPECT_EQ(engine_.run(tokens_.revoke(root_, made->credential.id)).error().kind,
            ErrorKind::not_found);
  EXPECT_TRUE(engine_.run(credentials_.authenticate(made->token)));
  EXPECT_EQ(engine_.run(tokens_.list(system_, "eve"))->size(), 1U);
  EXPECT_TRUE(engine_.run(tokens_.revoke(system_, made->credential.id)));
}

TEST_F(TokensTest, WhatIsWrongIsNamed) {
  const auto field_of = [&](NewToken input) { return create(root_, input).error().field; };
  EXPECT_EQ(field_of(member("nowhere")), "scope");
  EXPECT_EQ(field_of({.name = "a", .scope = "*", .user = "ann", .role = "member"}), "scope");
  EXPECT_EQ(field_of({.name = "a", .scope = "main/main/main", .user = "a b", .role = "member"}),
            "user");
  EXPECT_EQ(field_of({.name = "a", .scope = "main/main/main", .user = "ann", .role = "guest"}),
            "role");
}

TEST_F(TokensTest, AreForOperatorsOnly) {
  const auto made = create(root_, member("main/main/main"));
  ASSERT_TRUE(made);
  const Principal ann(Scope::main(), "ann", UserRole::member);
  EXPECT_EQ(create(ann, member("main/main/main")).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(engine_.run(tokens_.list(ann, "ann")).error().kind, ErrorKind::forbidden);
  EXPECT_EQ(engine_.run(tokens_.revoke(ann, made->credential.id)).error().kind,
            ErrorKind::forbidden);
  EXPECT_TRUE(engine_.run(credentials_.authenticate(made->token)));
}

// Lists of tokens are read by people: a name of two lines would show a row that is not there.
TEST_F(TokensTest, ANameThatWouldMisleadItsReaderIsRefused) {
  for (const char* name : {"", "ci\nid  *  operator", "ci\r", "\x1b[2J", "\u009b31m", "a\u202Eb",
                           "a\u200Bb", "\xff", "a\U000E0041"}) {
    NewToken input = member("main/main/main");
    input.name = name;
    const auto made = create(root_, input);
    ASSERT_FALSE(made) << name;
    EXPECT_EQ(made.error().kind, ErrorKind::invalid);
    EXPECT_EQ(made.error().field, "name");
  }
  NewToken input = member("main/main/main");
  input.name = std::string(token_name_bytes_max + 1, 'n');
  EXPECT_FALSE(create(root_, input));
  input.name = "Ada's laptop, größer";
  EXPECT_TRUE(create(root_, input));
}

TEST_F(TokensTest, EveryScopeIsShownAsAStarAndIsForOperators) {
  const auto all =
      create(system_, {.name = "all", .scope = "*", .user = "eve", .role = "operator"});
  ASSERT_TRUE(all);
  EXPECT_EQ(scope_text(all->credential), "*");
  const auto one = create(root_, member("main/main/main"));
  EXPECT_EQ(scope_text(one->credential), "main/main/main");
  const auto refused =
      create(system_, {.name = "m", .scope = "*", .user = "eve", .role = "member"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "scope");
  EXPECT_NE(refused.error().message.find("is for the role operator only"), std::string::npos);
}

}  // namespace
}  // namespace colonnade::tests
