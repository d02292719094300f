// `colonnade chat` with the vendors' wires behind it, spoken by an emulator that others maintain.
#include <gtest/gtest.h>

#include "../peers/emulator.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

struct Vendor {
  std::string name{};
  std::string path{};  // of its base URL
};
void PrintTo(const Vendor& vendor, std::ostream* out) { *out << vendor.name; }

class ChatOverVendor : public testing::TestWithParam<Vendor> {};

TEST_P(ChatOverVendor, StreamsAnswersAndRunsToolCalls) {
  const peers::Emulator emulator;
  if (emulator.url().empty()) {
    GTEST_SKIP() << "no emulator: run `npm ci` in tests/peers (needs node 20)";
  }
  const auto& [name, path] = GetParam();
  const Folder folder;
  const std::string config =
      folder.write("config.yaml", "provider: " + name + "\nproviders:\n  " + name +
                                      ":\n    api_key: test-key\n    default_model: some-model\n" +
                                      "    base_url: " + emulator.url() + path + "\n");
  ServerProcess server(folder, {"--config", config});
  ASSERT_TRUE(server.ready().is_object());
  EXPECT_EQ(server.ready()["provider"], name);
  // The emulator says "It is 4." only to the result of the call that it asked for.
  const auto chat = run({"chat"}, folder, "text-please\ntool-please\n");
  EXPECT_EQ(chat.code, 0) << chat.err;
  EXPECT_EQ(chat.out, "one two three four five six seven eight nine ten\nIt is 4.\n");
  const auto pieces = run({"send", "--stream", "--json", "text-please"}, folder);
  EXPECT_EQ(pieces.code, 0) << pieces.err;
  EXPECT_NE(pieces.out.find(R"({"delta":)"), std::string::npos) << pieces.out;
  EXPECT_EQ(server.stop().code, 0);
}

INSTANTIATE_TEST_SUITE_P(Wires, ChatOverVendor,
                         testing::Values(Vendor{"anthropic", ""}, Vendor{"openai", "/v1"},
                                         Vendor{"openrouter", "/api/v1"}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace colonnade::e2e
