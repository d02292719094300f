// Packs and capabilities with both clients: what they send, what they make of the contract's
// examples, and what they refuse to send.
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sdk/result_of.hpp"
#include "sdk/tandem/script.hpp"

namespace colonnade {
namespace {

using tandem_script::AsyncClient;
using tandem_script::Client;
using tandem_script::options_of;

constexpr std::string_view record =
    R"({"pack_id":"my-pack","name":"my-pack","version":"1.0.0","pack_type":"workflow",)"
    R"("install_path":"/srv/packs/my-pack/1.0.0","sha256":"ab","installed_at_ms":1773820800000,)"
    R"("source":{"kind":"local"},"marker_detected":true,"routines_enabled":false})";

// What a call sends, and whatever it gives is looked at; with either client.
template <class C>
void sends(std::string_view method, std::string_view path, const Json& body, std::string reply,
           const std::function<void(const C&)>& call) {
  testing::ScriptedTransport wire;
  wire.expect(method, path).reply(200, std::move(reply));
  const C client(options_of(wire));
  call(client);
  wire.verify();
  const auto requests = wire.requests();
  ASSERT_EQ(requests.size(), 1U);
  const auto& sent = requests.front();
  EXPECT_EQ(sent.has_body, !body.is_null());
  if (sent.has_body) EXPECT_EQ(Json::parse(sent.body), body);
}

void looks_right(const tandem::PackRecord& pack) {
  EXPECT_EQ(pack.pack_id, "my-pack");
  EXPECT_EQ(pack.version, "1.0.0");
  EXPECT_EQ(pack.pack_type, "workflow");
  EXPECT_EQ(pack.install_path, "/srv/packs/my-pack/1.0.0");
  EXPECT_EQ(pack.source["kind"].as_string(), "local");
  EXPECT_EQ(std::chrono::duration_cast<std::chrono::seconds>(pack.installed_at.time_since_epoch())
                .count(),
            1773820800);
  EXPECT_TRUE(pack.extra["marker_detected"].as_bool());
}

template <class C>
void packs_with() {
  const std::string one(record);
  sends<C>("GET", "/packs", {}, R"({"packs":[)" + one + "]}", [](const C& c) {
    const auto all = result_of(c.packs.list());
    ASSERT_EQ(all.size(), 1U);
    looks_right(all.front());
  });
  const tandem::InstallPack install{.from = {.path = "/in/a.zip"}, .source = {{"kind", "local"}}};
  sends<C>("POST", "/packs/install", {{"path", "/in/a.zip"}, {"source", {{"kind", "local"}}}},
           R"({"installed":)" + one + "}",
           [&](const C& c) { looks_right(result_of(c.packs.install(install))); });
  const tandem::InstallPackFromAttachment attached{.attachment_id = "a1", .connector = "mail"};
  sends<C>("POST", "/packs/install_from_attachment",
           {{"attachment_id", "a1"}, {"connector", "mail"}}, R"({"installed":)" + one + "}",
           [&](const C& c) { looks_right(result_of(c.packs.install_from_attachment(attached))); });
  const tandem::PackSelector which{.name = "my-pack", .version = "1.0.0"};
  sends<C>("POST", "/packs/uninstall", {{"name", "my-pack"}, {"version", "1.0.0"}},
           R"({"removed":)" + one + "}",
           [&](const C& c) { looks_right(result_of(c.packs.uninstall(which))); });
  sends<C>("POST", "/packs/export",
           {{"name", "my-pack"}, {"version", "1.0.0"}, {"output_path", "/out/a.zip"}},
           R"({"exported":{"path":"/out/a.zip","sha256":"ab","bytes":812}})", [&](const C& c) {
             const auto out = result_of(c.packs.export_pack(which, "/out/a.zip"));
             EXPECT_EQ(out.path, "/out/a.zip");
             EXPECT_EQ(out.bytes, 812);
           });
  const tandem::PackPlace place{.url = "https://packs.example/a.zip"};
  sends<C>("POST", "/packs/detect", {{"url", "https://packs.example/a.zip"}},
           R"({"is_pack":true,"marker":"tandempack.yaml","pack":{"risk":{"n":1}}})",
           [&](const C& c) {
             const auto out = result_of(c.packs.detect(place));
             EXPECT_TRUE(out.is_pack);
             EXPECT_EQ(out.marker, "tandempack.yaml");
             ASSERT_TRUE(out.pack);
             EXPECT_FALSE(out.pack->installed);
             EXPECT_EQ(out.pack->risk["n"].as_int64(), 1);
           });
  sends<C>("GET", "/packs/my-pack", {}, R"({"pack":{"installed":)" + one + R"(,"trust":{}}})",
           [](const C& c) {
             const auto out = result_of(c.packs.inspect("my-pack"));
             ASSERT_TRUE(out.installed);
             looks_right(*out.installed);
           });
  sends<C>("GET", "/packs/my-pack/updates", {},
           R"({"pack_id":"my-pack","current_version":"1.0.0","updates":[]})", [](const C& c) {
             const auto out = result_of(c.packs.updates("my-pack"));
             EXPECT_EQ(out.current_version, "1.0.0");
             EXPECT_TRUE(out.updates.empty());
           });
  const tandem::UpdatePack update{
      .target_version = "1.1.0", .from = {.path = "/in/b.zip"}, .approved = true};
  sends<C>("POST", "/packs/my-pack/update",
           {{"target_version", "1.1.0"}, {"path", "/in/b.zip"}, {"approved", true}},
           R"({"updated":true,"current_version":"1.1.0","installed":)" + one + "}",
           [&](const C& c) {
             const auto out = result_of(c.packs.update("my-pack", update));
             EXPECT_TRUE(out.updated);
             EXPECT_EQ(out.current_version, "1.1.0");
             EXPECT_TRUE(out.installed);
           });
}

TEST(TandemPacks, BothClientsSendAndReadThem) {
  packs_with<Client>();
  packs_with<AsyncClient>();
}

template <class C>
void capabilities_with() {
  const std::string binding =
      R"({"capability_id":"c.d","provider":"mcp","tool_name":"mcp.c.d",)"
      R"("tool_name_aliases":["mcp.c_d"],"request_transform":null,"response_transform":null,)"
      R"("metadata":{"spine":true}})";
  tandem::CapabilityBindings file;
  sends<C>("GET", "/capabilities/bindings", {},
           R"({"bindings":{"schema_version":"v1","generated_at":null,"builtin_version":"b",)"
           R"("last_merged_at_ms":1000,"bindings":[)" +
               binding + "]}}",
           [&](const C& c) { file = result_of(c.capabilities.get_bindings()); });
  ASSERT_EQ(file.bindings.size(), 1U);
  EXPECT_EQ(file.builtin_version, "b");
  EXPECT_EQ(file.bindings.front().tool_name_aliases, std::vector<std::string>{"mcp.c_d"});
  sends<C>("PUT", "/capabilities/bindings",
           {{"schema_version", "v1"}, {"bindings", Json::parse("[" + binding + "]")}},
           R"({"ok":true})",
           [&](const C& c) { EXPECT_TRUE(result_of(c.capabilities.set_bindings(file)).ok); });
  sends<C>("GET", "/capabilities/discovery", {},
           R"({"tools":[{"provider":"custom","tool_name":"read","schema":{"type":"object"}}]})",
           [](const C& c) {
             const auto tools = result_of(c.capabilities.discovery());
             ASSERT_EQ(tools.size(), 1U);
             EXPECT_EQ(tools.front().tool_name, "read");
           });
  const tandem::ResolveCapabilities wanted{
      .workflow_id = "wf", .required_capabilities = {"c.d"}, .allow_unbound = true};
  const Json body = {{"workflow_id", "wf"},
                     {"required_capabilities", Json::parse(R"(["c.d"])")},
                     {"allow_unbound", true}};
  const std::string resolved =
      R"([{"capability_id":"c.d","provider":"mcp","tool_name":"mcp.c.d","binding_index":3}])";
  sends<C>("POST", "/capabilities/resolve", body,
           R"({"resolution":{"resolved":)" + resolved +
               R"(,"missing_required":[],"missing_optional":["x"],"considered_bindings":4}})",
           [&](const C& c) {
             const auto out = result_of(c.capabilities.resolve(wanted));
             ASSERT_EQ(out.resolved.size(), 1U);
             EXPECT_EQ(out.resolved.front().binding_index, 3);
             EXPECT_EQ(out.missing_optional, std::vector<std::string>{"x"});
             EXPECT_EQ(out.considered_bindings, 4);
           });
  sends<C>("POST", "/capabilities/readiness", body,
           R"({"readiness":{"runnable":true,"resolved":)" + resolved +
               R"(,"unbound_capabilities":["y"]}})",
           [&](const C& c) {
             const auto out = result_of(c.capabilities.readiness(wanted));
             EXPECT_TRUE(out.runnable);
             EXPECT_EQ(out.unbound, std::vector<std::string>{"y"});
           });
}

TEST(TandemCapabilities, BothClientsSendAndReadThem) {
  capabilities_with<Client>();
  capabilities_with<AsyncClient>();
}

TEST(TandemPacks, WhatNamesNothingIsNotSent) {
  testing::ScriptedTransport wire;
  const Client client(options_of(wire));
  EXPECT_THROW(client.packs.uninstall({}), std::invalid_argument);
  EXPECT_THROW(client.packs.export_pack({.version = "1"}), std::invalid_argument);
  EXPECT_THROW(client.packs.install({}), std::invalid_argument);
  EXPECT_THROW(client.packs.detect({.path = "/a", .url = "https://b"}), std::invalid_argument);
  EXPECT_THROW(client.packs.inspect(""), std::invalid_argument);
  EXPECT_THROW(client.packs.install_from_attachment({}), std::invalid_argument);
  EXPECT_TRUE(wire.requests().empty());
}

TEST(TandemPacks, AMissingCapabilityIsAnError) {
  testing::ScriptedTransport wire;
  wire.expect("POST", "/capabilities/resolve")
      .reply(409, R"({"code":"missing_capability","missing_capabilities":["c.d"]})");
  wire.expect("GET", "/packs/x").reply(200, R"({"other":1})");
  const Client client(options_of(wire));
  try {
    client.capabilities.resolve({.required_capabilities = {"c.d"}});
    FAIL() << "resolved";
  } catch (const tandem::EngineError& error) {
    EXPECT_EQ(error.status(), 409);
    EXPECT_EQ(error.code(), "missing_capability");
  }
  EXPECT_THROW(client.packs.inspect("x"), tandem::ValidationError);
}

}  // namespace
}  // namespace colonnade
