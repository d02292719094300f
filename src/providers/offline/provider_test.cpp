#include "providers/offline/provider.hpp"

#include "conformance/provider_suite.hpp"

namespace colonnade::providers::offline {
namespace {

using conformance::user;

class Offline final : public conformance::ProviderUnderTest {
 public:
  core::ModelProvider& provider() override { return *provider_; }
  core::ModelRequest speaks() override { return script("/say one two three"); }
  core::ModelRequest reasons() override { return script("/think hm hm\n/say ok"); }
  core::ModelRequest calls_a_tool() override {
    return script("/tool calculator {\"expression\":\"2+2\"}");
  }
  core::ModelRequest declines() override { return script("/refuse"); }
  // The first word comes at once, the next one a minute later; a call that is stopped ends before.
  core::ModelRequest falls_silent() override { return script("/slow 60000\n/say one two"); }
  core::ModelRequest is_rate_limited() override { return script("/fail rate_limited"); }
  std::optional<core::ModelRequest> is_cut_off() override { return std::nullopt; }
  std::optional<core::ModelRequest> breaks_off() override { return std::nullopt; }
  std::optional<core::ModelRequest> fails_midway() override { return script("/say one\n/fail"); }
  std::optional<core::ModelRequest> is_unreachable() override { return std::nullopt; }
  bool saw_client_disconnect() override { return true; }

 private:
  core::ModelRequest script(std::string text) {
    core::ModelRequest out{.messages = {user(std::move(text))}};
    out.tools = {conformance::calculator()};
    return out;
  }

  std::unique_ptr<core::ModelProvider> provider_ = make_provider();
};

}  // namespace
}  // namespace colonnade::providers::offline

namespace colonnade::conformance {

INSTANTIATE_TEST_SUITE_P(
    Offline, ProviderSuite,
    ::testing::Values(ProviderFactory{
        "offline", [](base::Lanes&) { return std::make_unique<providers::offline::Offline>(); }}),
    [](const auto& info) { return info.param.name; });

}  // namespace colonnade::conformance
