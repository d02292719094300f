// Tokens, devices and pairing on a real store.
#include "core/access/credentials.hpp"

#include <gtest/gtest.h>

#include <future>

#include "core/access/limits.hpp"
#include "core/access/pairings.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using namespace std::chrono_literals;

class CredentialsTest : public ::testing::Test {
 protected:
  CreatedToken create_token(CredentialKind kind, const std::string& user) {
    return *engine_.run(credentials_.create(bearer(kind, user), kind, "name"));
  }
  static Principal bearer(CredentialKind kind, const std::string& user) {
    const bool operates = kind == CredentialKind::operator_token;
    return Principal(Scope::main(), user, operates ? UserRole::operator_role : UserRole::member);
  }
  Result<CreatedToken> claim(const std::string& code, const std::string& address = "10.0.0.1",
                             const std::string& name = "phone") {
    return engine_.run(pairings_.claim(code, name, address));
  }

  TemporaryFolder folder_;
  Engine engine_{folder_.file("colonnade.db")};
  base::ManualClock clock_;
  Credentials credentials_{*engine_.store, engine_.feed, clock_};
  Pairings pairings_{credentials_, clock_};
  Principal admin_{Scope::main(), "admin", UserRole::member};
};

TEST_F(CredentialsTest, ATokenLetsItsUserIn) {
  EXPECT_TRUE(*engine_.run(credentials_.none_yet()));
  const CreatedToken created = create_token(CredentialKind::operator_token, "admin");
  EXPECT_TRUE(*engine_.run(credentials_.none_yet())) << "an operator of one scope";
  Principal of_all = bearer(CredentialKind::operator_token, "root");
  of_all.every_scope = true;
  ASSERT_TRUE(engine_.run(credentials_.create(of_all, CredentialKind::operator_token, "first")));
  EXPECT_FALSE(*engine_.run(credentials_.none_yet()));
  EXPECT_EQ(created.token.size(), 43U);
  EXPECT_NE(created.credential.token_sha256, created.token);
  for (int i = 0; i < 2; ++i) {  // from the store, then from memory
    const auto who = engine_.run(credentials_.authenticate(created.token));
    ASSERT_TRUE(who);
    EXPECT_EQ(who->user_id, "admin");
    EXPECT_EQ(who->device_id, "");
  }
  EXPECT_EQ(engine_.run(credentials_.authenticate("guess")).error().kind, ErrorKind::unauthorized);
  EXPECT_EQ(engine_.run(credentials_.authenticate("")).error().kind, ErrorKind::unauthorized);
}

// A server killed between the two is entered with a new token at its next start.
TEST_F(CredentialsTest, APreparedTokenCountsForNothingUntilItIsAdmitted) {
  Principal first = bearer(CredentialKind::operator_token, "admin");
  first.every_scope = true;
  const CreatedToken prepared =
      credentials_.prepare(std::move(first), CredentialKind::operator_token, "operator");
  EXPECT_TRUE(*engine_.run(credentials_.none_yet()));
  EXPECT_EQ(engine_.run(credentials_.authenticate(prepared.token)).error().kind,
            ErrorKind::unauthorized);
  ASSERT_TRUE(engine_.run(credentials_.admit(prepared.credential)));
  EXPECT_FALSE(*engine_.run(credentials_.none_yet()));
  EXPECT_TRUE(engine_.run(credentials_.authenticate(prepared.token)));
}

TEST_F(CredentialsTest, ARevokedTokenIsDeadAtOnce) {
  const CreatedToken device = create_token(CredentialKind::device, "admin");
  EXPECT_EQ(device.credential.id.size(), 12U);
  EXPECT_EQ(engine_.run(credentials_.authenticate(device.token))->device_id, device.credential.id);
  ASSERT_EQ(engine_.run(credentials_.list(admin_, CredentialKind::device))->size(), 1U);
  const Principal other(Scope::main(), "other", UserRole::member);
  const auto foreign =
      engine_.run(credentials_.revoke(other, CredentialKind::device, device.credential.id));
  EXPECT_EQ(foreign.error().kind, ErrorKind::not_found);
  EXPECT_TRUE(engine_.run(credentials_.authenticate(device.token)));
  ASSERT_TRUE(
      engine_.run(credentials_.revoke(admin_, CredentialKind::device, device.credential.id)));
  EXPECT_EQ(engine_.run(credentials_.authenticate(device.token)).error().kind,
            ErrorKind::unauthorized);
  EXPECT_TRUE(engine_.run(credentials_.list(admin_, CredentialKind::device))->empty());
  const auto again =
      engine_.run(credentials_.revoke(admin_, CredentialKind::device, device.credential.id));
  EXPECT_EQ(again.error().kind, ErrorKind::not_found);
}

TEST_F(CredentialsTest, LastSeenIsWrittenNowAndThen) {
  const CreatedToken device = create_token(CredentialKind::device, "admin");
  const base::Time made = device.credential.last_seen;
  clock_.advance(2 * limits::credential_touch_interval);
  ASSERT_TRUE(engine_.run(credentials_.authenticate(device.token)));
  // Units are committed in order: once a later one is, the touch is.
  ASSERT_TRUE(engine_.run(engine_.feed.commit(Unit{.scope = Scope::main()})));
  const base::Time seen =
      engine_.run(credentials_.list(admin_, CredentialKind::device))->front().last_seen;
  EXPECT_EQ(seen - made, 2 * limits::credential_touch_interval);
  clock_.advance(1s);
  ASSERT_TRUE(engine_.run(credentials_.authenticate(device.token)));
  ASSERT_TRUE(engine_.run(engine_.feed.commit(Unit{.scope = Scope::main()})));
  EXPECT_EQ(engine_.run(credentials_.list(admin_, CredentialKind::device))->front().last_seen,
            seen);
}

TEST_F(CredentialsTest, ACodePairsOneDeviceWithItsIssuer) {
  const auto code = pairings_.start(admin_);
  ASSERT_TRUE(code);
  EXPECT_EQ(code->code.size(), 6U);
  EXPECT_EQ(code->expires_at - clock_.now(), 60s);
  const auto device = claim(code->code);
  ASSERT_TRUE(device) << device.error().message;
  EXPECT_EQ(device->credential.user_id, "admin");
  EXPECT_EQ(device->credential.name, "phone");
  EXPECT_TRUE(engine_.run(credentials_.authenticate(device->token)));
  EXPECT_EQ(claim(code->code).error().kind, ErrorKind::conflict);
}

TEST_F(CredentialsTest, CodesExpireAndUnknownOnesAreUnknown) {
  const auto code = pairings_.start(admin_);
  EXPECT_EQ(claim("x").error().kind, ErrorKind::not_found);
  clock_.advance(60s);
  EXPECT_EQ(claim(code->code).error().kind, ErrorKind::gone);
  clock_.advance(60s);
  EXPECT_EQ(claim(code->code).error().kind, ErrorKind::not_found) << "swept";
}

TEST_F(CredentialsTest, AHundredThousandCodesOfOneUserLeaveRoomForAnothers) {
  const Principal other(Scope::main(), "other", UserRole::member);
  std::size_t given = 0;
  base::Error refused;
  for (int i = 0; i < 100'000; ++i) {
    const auto code = pairings_.start(other);
    given += code ? 1 : 0;
    if (!code) refused = code.error();
  }
  EXPECT_EQ(given, limits::pairing_codes_per_account);
  EXPECT_EQ(refused.kind, ErrorKind::rate_limited);
  EXPECT_TRUE(refused.retry_after);
  const auto code = pairings_.start(admin_);
  ASSERT_TRUE(code) << code.error().message;
  EXPECT_TRUE(claim(code->code));
  clock_.advance(limits::pairing_code_time);
  EXPECT_TRUE(pairings_.start(other)) << "expired codes take no place";
}

TEST_F(CredentialsTest, AClaimedCodeMakesRoom) {
  std::string last;
  for (std::size_t i = 0; i < limits::pairing_codes_per_account; ++i) {
    last = pairings_.start(admin_)->code;
  }
  EXPECT_FALSE(pairings_.start(admin_));
  EXPECT_TRUE(claim(last));
  EXPECT_TRUE(pairings_.start(admin_));
}

TEST_F(CredentialsTest, ADeviceWithoutANameGetsOne) {
  const auto device = claim(pairings_.start(admin_)->code, "10.0.0.1", "");
  EXPECT_EQ(device->credential.name, "Unnamed device");
}

TEST_F(CredentialsTest, TheSixthClaimInAMinuteIsRefusedPerAddress) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(claim("no such", "1.1.1.1").error().kind, ErrorKind::not_found);
  }
  const auto code = pairings_.start(admin_);
  clock_.advance(20s);
  const auto sixth = claim(code->code, "1.1.1.1");
  ASSERT_FALSE(sixth);
  EXPECT_EQ(sixth.error().kind, ErrorKind::rate_limited);
  EXPECT_EQ(sixth.error().retry_after, 40s);
  EXPECT_TRUE(claim(code->code, "2.2.2.2"));
  clock_.advance(40s);
  EXPECT_EQ(claim("no such", "1.1.1.1").error().kind, ErrorKind::not_found);
}

// Whoever sets the clock makes no code live longer, or shorter.
TEST_F(CredentialsTest, ACodeEndsInItsTimeWhateverTheClockIsSetTo) {
  for (const auto step : {-3600s, 3600s, -86'400s}) {
    const auto code = pairings_.start(admin_);
    clock_.step(step);
    clock_.advance(59s);
    EXPECT_EQ(claim("none", std::to_string(step.count())).error().kind, ErrorKind::not_found);
    const auto alive = pairings_.start(admin_);
    clock_.advance(1s);
    EXPECT_EQ(claim(code->code, std::to_string(step.count())).error().kind, ErrorKind::gone);
    EXPECT_TRUE(claim(alive->code, std::to_string(step.count())));
    clock_.advance(60s);
  }
}

TEST_F(CredentialsTest, AnAddressMayTryAgainInItsTimeWhateverTheClockIsSetTo) {
  for (const auto step : {-3600s, 3600s}) {
    for (int i = 0; i < limits::pairing_claims_max; ++i) {
      EXPECT_EQ(claim("none").error().kind, ErrorKind::not_found);
    }
    clock_.step(step);
    const auto refused = claim("none");
    EXPECT_EQ(refused.error().kind, ErrorKind::rate_limited);
    EXPECT_EQ(refused.error().retry_after, limits::pairing_window);
    clock_.advance(limits::pairing_window);
    EXPECT_EQ(claim("none").error().kind, ErrorKind::not_found) << "the window is open again";
    clock_.advance(limits::pairing_window);
  }
}

TEST_F(CredentialsTest, ADeviceIsSeenThoughTheClockWasSetBack) {
  const CreatedToken device = create_token(CredentialKind::device, "admin");
  ASSERT_TRUE(engine_.run(credentials_.authenticate(device.token)));
  clock_.step(-3600s);
  clock_.advance(limits::credential_touch_interval);
  ASSERT_TRUE(engine_.run(credentials_.authenticate(device.token)));
  ASSERT_TRUE(engine_.run(engine_.feed.commit(Unit{.scope = Scope::main()})));
  EXPECT_EQ(engine_.run(credentials_.list(admin_, CredentialKind::device))->front().last_seen,
            clock_.now());
}

TEST_F(CredentialsTest, NamesThatDoNotShowGetNoCredential) {
  using namespace std::string_literals;
  for (const std::string& user : {""s, "ad min"s, "admin\n"s, "admin\0"s}) {
    const auto refused =
        engine_.run(credentials_.create(Principal(Scope::main(), user, UserRole::operator_role),
                                        CredentialKind::operator_token, "name"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
    EXPECT_EQ(refused.error().field, "user");
  }
  EXPECT_TRUE(*engine_.run(credentials_.none_yet()));
}

TEST_F(CredentialsTest, ACodeIsWorthNoMoreThanTheCredentialThatAskedForIt) {
  const CreatedToken lost = create_token(CredentialKind::device, "ann");
  const auto who = engine_.run(credentials_.authenticate(lost.token));
  ASSERT_TRUE(who);
  const auto code = pairings_.start(*who);
  ASSERT_TRUE(engine_.run(credentials_.revoke(*who, CredentialKind::device, lost.credential.id)));
  EXPECT_EQ(claim(code->code).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(engine_.run(credentials_.list(*who, CredentialKind::device))->empty());
}

// Whoever issued the code: a device is no operator, and a guest's is a guest.
TEST_F(CredentialsTest, ADeviceHasTheRoleOfItsIssuerAtMost) {
  for (const UserRole role : {UserRole::operator_role, UserRole::member, UserRole::guest}) {
    const auto code = pairings_.start(Principal(Scope::main(), "ann", role));
    const auto device = claim(code->code);
    ASSERT_TRUE(device) << device.error().message;
    const auto who = engine_.run(credentials_.authenticate(device->token));
    ASSERT_TRUE(who);
    EXPECT_EQ(who->role, role == UserRole::guest ? UserRole::guest : UserRole::member);
  }
}

// The store decides, in the transaction of the claim: what this process remembers may be behind.
TEST_F(CredentialsTest, ACodeIsWorthNothingOnceTheStoreHasTheRevocation) {
  const CreatedToken lost = create_token(CredentialKind::device, "ann");
  const auto who = engine_.run(credentials_.authenticate(lost.token));
  ASSERT_TRUE(who);
  const auto code = pairings_.start(*who);
  Credentials others(*engine_.store, engine_.feed, clock_);
  ASSERT_TRUE(engine_.run(others.revoke(*who, CredentialKind::device, lost.credential.id)));
  EXPECT_EQ(claim(code->code).error().kind, ErrorKind::not_found);
  EXPECT_EQ(claim(code->code).error().kind, ErrorKind::not_found) << "again";
  EXPECT_TRUE(engine_.run(credentials_.list(*who, CredentialKind::device))->empty());
}

TEST_F(CredentialsTest, OfConcurrentClaimsExactlyOneWins) {
  const auto code = pairings_.start(admin_);
  std::vector<std::future<Result<CreatedToken>>> claims;
  for (int i = 0; i < 8; ++i) {
    claims.push_back(std::async(std::launch::async, [&, i] {
      return base::run_on(engine_.lanes[static_cast<std::size_t>(i % 2)],
                          pairings_.claim(code->code, "d", std::to_string(i)));
    }));
  }
  int won = 0;
  for (auto& attempt : claims) won += attempt.get().has_value() ? 1 : 0;
  EXPECT_EQ(won, 1);
  EXPECT_EQ(engine_.run(credentials_.list(admin_, CredentialKind::device))->size(), 1U);
}

TEST_F(CredentialsTest, AWatcherSeesTheClaimAlsoAfterwards) {
  const auto code = pairings_.start(admin_);
  auto watching = std::async(std::launch::async, [&] {
    return base::run_on(engine_.lanes[1], pairings_.watch(admin_, code->code, {}));
  });
  const auto device = claim(code->code);
  const auto seen = watching.get();
  ASSERT_TRUE(seen) << seen.error().message;
  EXPECT_EQ(seen->id, device->credential.id);
  EXPECT_EQ(engine_.run(pairings_.watch(admin_, code->code, {}))->id, device->credential.id);
}

TEST_F(CredentialsTest, AWatcherOfNothingOrOfAnothersCodeIsToldSo) {
  EXPECT_EQ(engine_.run(pairings_.watch(admin_, "000000", {})).error().kind, ErrorKind::not_found);
  const auto code = pairings_.start(admin_);
  const Principal other(Scope::main(), "other", UserRole::member);
  EXPECT_EQ(engine_.run(pairings_.watch(other, code->code, {})).error().kind, ErrorKind::not_found);
  std::stop_source left;
  left.request_stop();
  EXPECT_EQ(engine_.run(pairings_.watch(admin_, code->code, left.get_token())).error().kind,
            ErrorKind::cancelled);
  clock_.advance(61s);
  EXPECT_EQ(engine_.run(pairings_.watch(admin_, code->code, {})).error().kind, ErrorKind::gone);
}

}  // namespace
}  // namespace colonnade::tests
