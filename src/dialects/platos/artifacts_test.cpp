#include "dialects/platos/artifacts.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "dialects/platos/attachments.hpp"

namespace colonnade::dialects::platos {
namespace {

using base::Json;

// threads.artifacts of the contract's examples.
TEST(PlatosArtifacts, ARowIsTheContracts) {
  const auto created = base::parse_rfc3339("2026-05-12T09:00:04.120Z");
  ASSERT_TRUE(created);
  const core::Artifact artifact{.id = "cmart00000000000002",
                                .scope = core::Scope::main(),
                                .thread_id = "cmthread0000000001",
                                .key = "a_lx3k9q_7fd2",
                                .revision = 2,
                                .kind = core::ArtifactKind::markdown,
                                .title = "Inbox digest",
                                .content = "# Digest\n",
                                .created_at = *created};
  EXPECT_EQ(Json::parse(encode_artifact(artifact)), Json::parse(R"({
    "id": "cmart00000000000002", "threadId": "cmthread0000000001",
    "artifactKey": "a_lx3k9q_7fd2", "revision": 2, "kind": "markdown", "title": "Inbox digest",
    "language": null, "content": "# Digest\n", "metadata": null,
    "createdAt": "2026-05-12T09:00:04.120Z", "revisionCount": 2})"));
}

TEST(PlatosAttachments, AnUploadIsAnsweredWithWhatItIs) {
  const auto expires = base::parse_rfc3339("2026-05-12T10:00:04.120999Z");
  ASSERT_TRUE(expires);
  const core::Attachment attachment{.id = "att1",
                                    .scope = core::Scope::main(),
                                    .owner = "ann",
                                    .kind = core::AttachmentKind::image,
                                    .mime = "image/png",
                                    .name = "é.png",
                                    .bytes = 68,
                                    .expires_at = *expires};
  EXPECT_EQ(Json::parse(encode_attachment(attachment)), Json::parse(R"({
    "id": "att1", "kind": "image", "mimeType": "image/png", "bytes": 68,
    "originalName": "é.png", "expiresAt": "2026-05-12T10:00:04.120Z"})"));
}

TEST(PlatosAttachments, IdsOfAMessageAreAListOfStrings) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(decode_attachment_ids(nullptr), Ids{});
  EXPECT_EQ(decode_attachment_ids(Json::array()), Ids{});
  EXPECT_EQ(decode_attachment_ids(Json::parse(R"(["a","b"])")), (Ids{"a", "b"}));
  for (const char* wrong : {R"("a")", "1", R"(["a",1])", R"({"a":1})", "[null]"}) {
    const auto refused = decode_attachment_ids(Json::parse(wrong));
    ASSERT_FALSE(refused) << wrong;
    EXPECT_EQ(refused.error().field, "attachmentIds");
  }
  EXPECT_EQ(split_attachment_ids("a,b,,c,"), (Ids{"a", "b", "c"}));
  EXPECT_EQ(split_attachment_ids(""), Ids{});
}

TEST(PlatosAttachments, AnUnsupportedOneHasACode) {
  EXPECT_EQ(attachment_error_code({.field = "attachments"}), "ATTACHMENT_UNSUPPORTED");
  EXPECT_EQ(attachment_error_code({.field = "attachmentIds"}), "");
}

}  // namespace
}  // namespace colonnade::dialects::platos
