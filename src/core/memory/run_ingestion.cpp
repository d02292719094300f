#include "core/memory/run_ingestion.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/memory/limits.hpp"
#include "core/memory/tiered_memories.hpp"

namespace colonnade::core {

using base::fail;
using base::Task;

namespace {

std::string message_text(const Message& message) {
  std::string out;
  for (const Part& part : message.parts) {
    if (const auto* text = std::get_if<TextPart>(&part)) {
      if (!out.empty()) out += "\n\n";
      out += text->text;
    }
  }
  return out;
}

// What fits into a memory, cut between characters.
std::string cut_to_memory(std::string text) {
  if (text.size() <= limits::memory_text_bytes_max) return text;
  std::size_t end = limits::memory_text_bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text;
}

bool asks_or_plans(std::string_view tool) {
  return tool == "todo_write" || tool == "question" || tool == "request_approval";
}

bool nothing_in(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

}  // namespace

void RunIngestion::run_finished(const Event& event) {
  Source source{.scope = event.scope,
                .owner = event.owner,
                .thread_id = event.thread_id,
                .run_id = event.run_id};
  lane_.post([this, source = std::move(source)]() mutable {
    lane_.spawn("ingest_run", ingest(this, std::move(source)));
  });
}

Task<Result<std::vector<RunIngestion::Piece>>> RunIngestion::pieces_of(Source source) {
  std::vector<Piece> out;
  const auto run = co_await ports_.runs.run(source.scope, source.run_id);
  if (!run) co_return fail(run.error());
  if (!*run) co_return out;  // erased meanwhile
  const auto asked = co_await ports_.threads.message(source.scope, (*run)->user_message_id);
  if (!asked) co_return fail(asked.error());
  if (*asked) out.push_back({.kind = "user_message", .text = message_text(**asked)});
  const auto calls = co_await ports_.runs.tool_calls(source.scope, source.run_id);
  if (!calls) co_return fail(calls.error());
  for (const ToolCall& call : *calls) {
    const auto time =
        asks_or_plans(call.tool) ? limits::ingested_question_time : limits::ingested_tool_time;
    out.push_back({.kind = "tool_input",
                   .text = call.tool + " " + base::to_text(call.arguments),
                   .kept_for = time});
    if (nothing_in(call.result)) continue;
    out.push_back(
        {.kind = "tool_output", .text = call.tool + "\n" + call.result, .kept_for = time});
  }
  const auto actions = co_await ports_.actions.actions_of_run(source.scope, source.run_id);
  if (!actions) co_return fail(actions.error());
  for (const Action& action : *actions) {
    if (action.decision.outcome != Outcome::abstain) continue;  // nobody was asked
    out.push_back({.kind = "approval",
                   .text = action.request.tool + ": " + std::string(to_string(action.state)) +
                           (action.reason.empty() ? "" : ", " + action.reason),
                   .kept_for = limits::ingested_approval_time});
  }
  const auto reply = co_await ports_.runs.reply_of(source.scope, source.run_id);
  if (!reply) co_return fail(reply.error());
  for (Piece& piece : out) piece.message_id = (*run)->user_message_id;
  if (*reply) {
    out.push_back(
        {.kind = "assistant_final", .text = message_text(**reply), .message_id = (*reply)->id});
  }
  co_return out;
}

void RunIngestion::tell(const Source& source, NoticeKind kind, const std::string& id,
                        const Piece& piece, int redactions, std::string reason) {
  base::Json details = {{"ingested", true},
                        {"kind", piece.kind},
                        {"message_id", piece.message_id},
                        {"redactions", redactions}};
  if (!reason.empty()) details["reason"] = std::move(reason);
  if (kind == NoticeKind::memory_skipped && !id.empty()) details["deduped"] = true;
  ports_.notices.publish({.scope = source.scope,
                          .owner = source.owner,
                          .kind = kind,
                          .subject = id,
                          .thread_id = source.thread_id,
                          .run_id = source.run_id,
                          .details = std::move(details),
                          .at = ports_.clock.now()});
}

Task<void> RunIngestion::keep(Source source, Piece piece) {
  ScrubbedText scrubbed = scrub_memory_text(piece.text);
  if (!scrubbed.block_reason.empty()) {
    tell(source, NoticeKind::memory_skipped, "", piece, 0, scrubbed.block_reason);
    co_return;
  }
  NewMemory input{.text = cut_to_memory(std::move(scrubbed.text)),
                  .kind = piece.kind,
                  .tier = MemoryTier::session,
                  .thread_id = source.thread_id,
                  .run_id = source.run_id,
                  .keep_existing = true};
  if (piece.kept_for) input.expires_at = ports_.clock.now() + *piece.kept_for;
  MemoryHolder holder{.owner = source.owner};
  auto stored = co_await ports_.memories.put(&lane_, source.scope, std::move(holder),
                                             std::move(input), std::stop_token());
  if (!stored) {
    base::log::error("run_not_ingested",
                     {{"run_id", source.run_id}, {"error", stored.error().message}});
    tell(source, NoticeKind::memory_skipped, "", piece, 0, stored.error().message);
    co_return;
  }
  tell(source, stored->replaced ? NoticeKind::memory_skipped : NoticeKind::memory_put,
       stored->item.id, piece, scrubbed.redactions, "");
}

Task<void> RunIngestion::ingest(RunIngestion* self, Source source) {
  auto pieces = co_await self->pieces_of(source);
  if (!pieces) {
    base::log::error("run_not_ingested",
                     {{"run_id", source.run_id}, {"error", pieces.error().message}});
    co_return;
  }
  for (Piece& piece : *pieces) {
    if (!nothing_in(piece.text)) co_await self->keep(source, std::move(piece));
  }
}

}  // namespace colonnade::core
