// Attachments: uploaded by a user, used by messages, shown to the model, gone in the end.
#include "core/attachments/attachments.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <filesystem>

#include "base/ids.hpp"
#include "core/threads/erasure.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using namespace core;
using base::ErrorKind;
using testing::HasSubstr;

const Principal alice(Scope::main(), "alice", UserRole::member);
const Principal bob(Scope::main(), "bob", UserRole::member);
const Principal root(Scope::main(), "root", UserRole::operator_role);
const Principal afar(Scope("a", "b", "c"), "alice", UserRole::member);

const std::string png("\x89PNG\r\n\x1a\n\0\0", 10);

class AttachmentsTest : public ::testing::Test {
 protected:
  AttachmentsTest() { open(); }

  void open(storage::FileCalls calls = storage::system_file_calls()) {
    engine_.reset();
    EngineOptions options;
    options.file_calls = std::move(calls);
    engine_ = std::make_unique<Engine>(folder_.file("data.db"), std::move(options));
  }
  Result<Attachment> upload(const Principal& who, std::string bytes, std::string type = "",
                            std::string name = "a file") {
    return engine_->run(engine_->attachments.upload(
        who,
        {.bytes = std::move(bytes), .declared_type = std::move(type), .name = std::move(name)}));
  }
  Attachment uploaded(const Principal& who, std::string bytes, std::string type = "") {
    auto made = upload(who, std::move(bytes), std::move(type));
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  // A row that says that its file is so large; the file itself is small.
  Attachment claimed(std::size_t bytes) {
    const Time now = engine_->clock.now();
    Attachment out{.id = base::new_id(now),
                   .scope = Scope::main(),
                   .owner = "alice",
                   .mime = "text/plain",
                   .name = "large",
                   .bytes = static_cast<std::int64_t>(bytes),
                   .created_at = now,
                   .expires_at = now + std::chrono::hours(1)};
    EXPECT_TRUE(engine_->files.write(out.id, "x"));
    Unit unit{.scope = Scope::main()};
    unit.changes.emplace_back(InsertAttachment{.attachment = out});
    EXPECT_TRUE(engine_->run(engine_->feed.commit(std::move(unit))));
    return out;
  }
  Result<std::vector<Part>> parts(const Principal& who, std::vector<std::string> ids) {
    return engine_->run(engine_->attachments.parts(who, std::move(ids)));
  }
  // A message of a text and of what is attached, not sent yet.
  NewMessage message(const Thread& thread, const Principal& who, std::vector<std::string> ids) {
    NewMessage out{.thread_id = thread.id, .parts = {TextPart{"Look."}}};
    auto attached = parts(who, std::move(ids));
    EXPECT_TRUE(attached) << attached.error().message;
    for (Part& part : *attached) out.parts.push_back(std::move(part));
    return out;
  }
  Result<core::Run> send(const Principal& who, NewMessage input) {
    return engine_->run(engine_->runs.start(who, std::move(input), engine_->lanes[0]));
  }
  // The parts that the model was shown of the newest user's message.
  std::vector<Part> shown() {
    const auto requests = engine_->model->requests();
    for (auto one = requests.back().messages.rbegin(); one != requests.back().messages.rend();
         ++one) {
      if (one->role == Role::user) return one->parts;
    }
    return {};
  }
  std::optional<Attachment> row(const std::string& id) {
    return *engine_->run(engine_->store->attachment(Scope::main(), id));
  }
  std::vector<std::string> files() { return *engine_->files.ids(); }
  // Makes the row expire a moment ago.
  void expire(const std::string& id) {
    Attachment left = *row(id);
    left.expires_at = {1};
    Unit unit{.scope = left.scope};
    unit.changes.emplace_back(RemoveAttachment{.id = id});
    unit.changes.emplace_back(InsertAttachment{.attachment = left});
    ASSERT_TRUE(engine_->run(engine_->feed.commit(std::move(unit))));
  }

  TemporaryFolder folder_;
  std::unique_ptr<Engine> engine_;
};

TEST_F(AttachmentsTest, AnUploadIsDurableAndItsUploadersAlone) {
  const auto made = upload(alice, png, "image/png", "../a b.png");
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->kind, AttachmentKind::image);
  EXPECT_EQ(made->mime, "image/png");
  EXPECT_EQ(made->name, "a b.png");
  EXPECT_EQ(made->bytes, 10);
  EXPECT_EQ(made->expires_at - made->created_at, limits::attachment_unused_time);
  EXPECT_EQ(engine_->files.read(made->id), png);
  EXPECT_TRUE(engine_->run(engine_->attachments.get(alice, made->id)));
  for (const Principal& who : {bob, root, afar}) {
    const auto refused = parts(who, {made->id});
    ASSERT_FALSE(refused) << who.user_id;
    EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
    EXPECT_EQ(refused.error().field, "attachmentIds");
  }
  open();
  EXPECT_TRUE(parts(alice, {made->id})) << "it outlives the server";
}

TEST_F(AttachmentsTest, WhatIsNoFileOrTooLargeIsRefusedAndLeavesNothing) {
  EXPECT_EQ(upload(alice, "").error().kind, ErrorKind::invalid);
  EXPECT_EQ(upload(alice, "words", "image/png").error().field, "Content-Type");
  const auto large = upload(alice, std::string(limits::attachment_bytes_max + 1, 'x'));
  EXPECT_EQ(large.error().kind, ErrorKind::too_large);
  EXPECT_TRUE(upload(alice, std::string(limits::attachment_bytes_max, 'x')));
  EXPECT_EQ(files().size(), 1U);
}

TEST_F(AttachmentsTest, AMessageHasSoManyAndNoMore) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(claimed(limits::attachment_bytes_max).id);
  const auto too_much = parts(alice, ids);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error().kind, ErrorKind::too_large);
  ids.pop_back();
  EXPECT_TRUE(parts(alice, ids)) << "80 MB";
  EXPECT_EQ(parts(alice, {ids[0], ids[0]}).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parts(alice, std::vector<std::string>(51, "x")).error().kind, ErrorKind::invalid);
  EXPECT_EQ(parts(alice, {"nothing"}).error().kind, ErrorKind::not_found);
  EXPECT_EQ(parts(alice, {"../data.db"}).error().kind, ErrorKind::not_found);
}

TEST_F(AttachmentsTest, TheModelIsShownWhatAMessageHas) {
  const Attachment image = uploaded(alice, png, "image/png");
  const Attachment notes = uploaded(alice, "one two", "text/plain");
  const Thread thread = engine_->new_thread(alice);
  engine_->model->script({reply({TextPart{"Seen."}})});
  const auto run = send(alice, message(thread, alice, {image.id, notes.id}));
  ASSERT_TRUE(run) << run.error().message;
  ASSERT_TRUE(engine_->wait(alice, *run));
  const auto parts = shown();
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(std::get<FilePart>(parts[1]).url, "data:image/png;base64,iVBORw0KGgoAAA==");
  EXPECT_EQ(std::get<FilePart>(parts[2]).url, "data:text/plain;base64,b25lIHR3bw==");
  // Stored as it was named, and kept for longer.
  const auto stored = engine_->run(engine_->threads.messages(alice, thread.id, {}));
  EXPECT_EQ(std::get<FilePart>(stored->front().parts[1]).url, "attachment:" + image.id);
  EXPECT_GT(row(image.id)->expires_at - row(image.id)->created_at,
            limits::attachment_time - std::chrono::hours(1));

  // Later turns show it as well.
  engine_->model->script({reply({TextPart{"Still seen."}})});
  const auto next = engine_->start(alice, thread.id, "And now?");
  ASSERT_TRUE(engine_->wait(alice, *next));
  const auto history = engine_->model->requests().back().messages.front().parts;
  EXPECT_THAT(std::get<FilePart>(history[1]).url, HasSubstr("base64,iVBORw0KGgo"));
}

TEST_F(AttachmentsTest, WhatTheModelCannotBeShownIsRefusedBeforeAnythingIsStored) {
  const Attachment sound = uploaded(alice, "OggS....", "audio/ogg");
  const Thread thread = engine_->new_thread(alice);
  const auto refused = send(alice, message(thread, alice, {sound.id}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_EQ(refused.error().field, unsupported_attachment_field);
  EXPECT_TRUE(engine_->run(engine_->threads.messages(alice, thread.id, {}))->empty());
  EXPECT_TRUE(engine_->model->requests().empty());
}

// A part that somebody made up: the message is not stored, and the model is not shown the file.
TEST_F(AttachmentsTest, AnothersFileIsNeverShown) {
  const Attachment secret = uploaded(bob, "bob's secret", "text/plain");
  const Thread thread = engine_->new_thread(alice);
  engine_->model->script({reply({TextPart{"Seen."}})});
  NewMessage forged{
      .thread_id = thread.id,
      .parts = {FilePart{.mime = "text/plain", .filename = "x", .url = "attachment:" + secret.id}}};
  const auto refused = send(alice, std::move(forged));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::not_found);
  EXPECT_TRUE(engine_->run(engine_->threads.messages(alice, thread.id, {}))->empty());
  for (const ModelRequest& request : engine_->model->requests()) {
    for (const Message& message : request.messages) {
      for (const Part& part : message.parts) {
        EXPECT_FALSE(std::holds_alternative<FilePart>(part));
      }
    }
  }
}

TEST_F(AttachmentsTest, OnesThatExpiredAreRemovedAndTheModelIsTold) {
  const Attachment notes = uploaded(alice, "one two", "text/plain");
  const Thread thread = engine_->new_thread(alice);
  engine_->model->script({reply({TextPart{"Seen."}})});
  const auto run = send(alice, message(thread, alice, {notes.id}));
  ASSERT_TRUE(engine_->wait(alice, *run));
  engine_->run(engine_->attachments.purge());
  EXPECT_EQ(files().size(), 1U) << "a message has it";
  expire(notes.id);
  EXPECT_EQ(parts(alice, {notes.id}).error().kind, ErrorKind::not_found) << "at once";
  engine_->run(engine_->attachments.purge());
  EXPECT_TRUE(files().empty());
  EXPECT_FALSE(row(notes.id));
  engine_->model->script({reply({TextPart{"Gone."}})});
  const auto next = engine_->start(alice, thread.id, "And now?");
  ASSERT_TRUE(engine_->wait(alice, *next));
  const auto history = engine_->model->requests().back().messages.front().parts;
  EXPECT_THAT(std::get<TextPart>(history[1]).text, HasSubstr("not there any more"));
}

TEST_F(AttachmentsTest, AreErasedWithTheirThread) {
  const Attachment notes = uploaded(alice, "one two", "text/plain");
  const Thread thread = engine_->new_thread(alice);
  engine_->model->script({reply({TextPart{"Seen."}})});
  const auto run = send(alice, message(thread, alice, {notes.id}));
  ASSERT_TRUE(engine_->wait(alice, *run));
  Erasure erasure({.store = *engine_->store,
                   .run_store = *engine_->store,
                   .feed = engine_->feed,
                   .agents = engine_->agents,
                   .threads = engine_->threads,
                   .runs = engine_->runs,
                   .clock = engine_->clock,
                   .memories = *engine_->store});
  ASSERT_TRUE(engine_->run(erasure.erase_thread(alice, thread.id)));
  EXPECT_EQ(parts(alice, {notes.id}).error().kind, ErrorKind::not_found) << "at once";
  engine_->run(engine_->attachments.purge());
  EXPECT_TRUE(files().empty());
  EXPECT_FALSE(row(notes.id));
}

TEST_F(AttachmentsTest, ADiskThatRefusesLeavesNoRowAndNoFile) {
  std::atomic<bool> full = true;
  storage::FileCalls calls = storage::system_file_calls();
  calls.write = [&, real = calls.write](int file, const char* bytes, std::size_t count) -> long {
    if (full) {
      errno = ENOSPC;
      return -1;
    }
    return real(file, bytes, count);
  };
  open(calls);
  const auto refused = upload(alice, png);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::unavailable);
  EXPECT_TRUE(refused.error().retryable);
  EXPECT_TRUE(files().empty());
  EXPECT_TRUE(engine_->run(engine_->store->files_to_remove({std::int64_t{1} << 60}, {}))->empty());
  full = false;
  EXPECT_TRUE(upload(alice, png));
  engine_.reset();  // before what its calls use
}

TEST_F(AttachmentsTest, AStoreThatRefusesLeavesNoFile) {
  engine_->store->close();
  EXPECT_FALSE(upload(alice, png));
  EXPECT_TRUE(files().empty());
}

TEST_F(AttachmentsTest, AFileWithoutARowIsRemovedAtTheNextStart) {
  const Attachment kept = uploaded(alice, png);
  ASSERT_TRUE(engine_->files.write("0190c4a2f3d47b8e9a1b2c3d4e5f6a7b", "left by a crash"));
  auto ids = engine_->run(engine_->attachments.stored_files());
  const Attachment later = uploaded(alice, png);
  engine_->run(engine_->attachments.sweep(std::move(ids), {}));
  EXPECT_THAT(files(), testing::UnorderedElementsAre(kept.id, later.id));
}

// The newest messages' files come first when there is not room for all.
TEST_F(AttachmentsTest, OlderFilesAreLeftOutOfAModelCallThatHasTooMany) {
  std::vector<Message> messages(3);
  for (Message& message : messages) {
    message.user_id = "alice";
    for (int i = 0; i < 2; ++i) {
      const Attachment one = claimed(limits::attachment_bytes_max);
      message.parts.emplace_back(
          FilePart{.mime = one.mime, .filename = one.name, .url = "attachment:" + one.id});
    }
  }
  const auto held =
      engine_->run(engine_->attachments.fill(Scope::main(), "account", &messages, {}));
  ASSERT_TRUE(held) << held.error().message;
  EXPECT_EQ(held->memory.size(), 80U);
  for (const Part& part : messages[0].parts) {
    EXPECT_THAT(std::get<TextPart>(part).text, HasSubstr("is left out"));
  }
  for (std::size_t i : {1U, 2U}) {
    for (const Part& part : messages[i].parts) {
      EXPECT_THAT(std::get<FilePart>(part).url, testing::StartsWith("data:text/plain;base64,"));
    }
  }
}

TEST_F(AttachmentsTest, OneAccountsModelCallsHoldSoMuchAndNoMore) {
  const Attachment one = claimed(limits::attachment_bytes_max);
  const auto fill = [&] {
    Message message{.parts = {FilePart{.url = "attachment:" + one.id}}, .user_id = "alice"};
    std::vector<Message> messages = {std::move(message)};
    return engine_->run(engine_->attachments.fill(Scope::main(), "account", &messages, {}));
  };
  std::vector<HeldAttachments> held;
  for (std::size_t i = 0; i < limits::attachment_memory_mib_per_account / 20; ++i) {
    auto more = fill();
    ASSERT_TRUE(more);
    held.push_back(std::move(*more));
  }
  const auto refused = fill();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::rate_limited);
  EXPECT_TRUE(refused.error().retryable);
  held.pop_back();
  EXPECT_TRUE(fill());
}

}  // namespace
}  // namespace colonnade::tests
