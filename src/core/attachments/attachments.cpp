#include "core/attachments/attachments.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/base64.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "core/access/account.hpp"
#include "core/access/visibility.hpp"
#include "core/attachments/attachment_kind.hpp"
#include "core/attachments/limits.hpp"

namespace colonnade::core {

using base::ErrorKind;
using base::fail;
using base::Task;

namespace {

constexpr const char* ids_field = "attachmentIds";

std::unexpected<base::Error> no_such_attachment(std::string_view id) {
  return fail(ErrorKind::not_found,
              "there is no attachment '" + std::string(base::cut_utf8(id, 64)) +
                  "'; it may have expired: upload the file again",
              ids_field);
}

std::unexpected<base::Error> too_much(std::int64_t bytes) {
  return fail(ErrorKind::too_large,
              "the attachments have " + std::to_string(bytes) + " bytes, more than the " +
                  std::to_string(limits::attachment_turn_bytes_max) +
                  " of one message; send fewer at once",
              ids_field);
}

// Stands for an attachment that the model cannot be shown.
TextPart note_of(const FilePart& part, std::string_view why) {
  return {"[file \"" + part.filename + "\" (" + part.mime + ") " + std::string(why) + "]"};
}

// An attachment of a message, and where it stands.
struct Place {
  std::size_t message = 0;
  std::size_t part = 0;
};

std::vector<Place> places_in(const std::vector<Message>& messages) {
  std::vector<Place> out;
  for (std::size_t m = messages.size(); m-- > 0;) {
    for (std::size_t p = 0; p < messages[m].parts.size(); ++p) {
      const auto* file = std::get_if<FilePart>(&messages[m].parts[p]);
      if (file != nullptr && attachment_id_of(*file)) out.push_back({.message = m, .part = p});
    }
  }
  return out;
}

}  // namespace

bool name_attachments(const std::vector<Message>& messages) {
  return std::ranges::any_of(messages, [](const Message& message) {
    return std::ranges::any_of(message.parts, [](const Part& part) {
      const auto* file = std::get_if<FilePart>(&part);
      return file != nullptr && attachment_id_of(*file);
    });
  });
}

std::string clean_file_name(std::string_view name) {
  if (const auto slash = name.find_last_of("/\\"); slash != std::string_view::npos) {
    name.remove_prefix(slash + 1);
  }
  std::string out;
  for (const char c : base::replace_invalid_utf8(name)) {
    if (static_cast<unsigned char>(c) >= ' ' && c != '\x7f' && c != '"') out += c;
  }
  out = std::string(base::cut_utf8(out, limits::attachment_name_bytes_max));
  const auto begin = out.find_first_not_of(' ');
  if (begin == std::string::npos || out == "." || out == "..") return "attachment";
  return out.substr(begin, out.find_last_not_of(' ') - begin + 1);
}

Attachments::Attachments(AttachmentStore& store, AttachmentFiles& files, EventFeed& feed,
                         base::Clock& clock, base::Workers& workers)
    : store_(store),
      files_(files),
      feed_(feed),
      clock_(clock),
      workers_(workers),
      memory_({.what = "MiB of attachments in model calls",
               .per_account = limits::attachment_memory_mib_per_account,
               .total = limits::attachment_memory_mib}) {}

// --- files --------------------------------------------------------------------------------------

Task<Result<void>> Attachments::store_bytes(std::string account, std::string id,
                                            std::string bytes) {
  auto write = [files = &files_, id = std::move(id),
                bytes = std::move(bytes)](const std::stop_token& /*stop*/) -> Result<void> {
    return files->write(id, bytes);
  };
  base::Job job{.account = std::move(account), .time_max = limits::attachment_io_time_max};
  auto written = co_await workers_.run<void>(std::move(job), std::move(write));
  co_return written;
}

Task<Result<void>> Attachments::remove_file(std::string id) {
  auto remove = [files = &files_, id = std::move(id)](
                    const std::stop_token& /*stop*/) -> Result<void> { return files->remove(id); };
  base::Job job{.account = {}, .time_max = limits::attachment_io_time_max};
  auto removed = co_await workers_.run<void>(std::move(job), std::move(remove));
  co_return removed;
}

// As a data URL's base64, which takes its time too.
Task<Result<std::string>> Attachments::read_file(std::string account, std::string id,
                                                 std::stop_token stop) {
  auto read = [files = &files_,
               id = std::move(id)](const std::stop_token& /*stop*/) -> Result<std::string> {
    auto bytes = files->read(id);
    if (!bytes) return fail(std::move(bytes.error()));
    return base::to_base64(*bytes);
  };
  base::Job job{.account = std::move(account),
                .time_max = limits::attachment_io_time_max,
                .stop = std::move(stop)};
  auto bytes = co_await workers_.run<std::string>(std::move(job), std::move(read));
  co_return bytes;
}

// --- uploading ----------------------------------------------------------------------------------

// The file comes first: a row without a file would be an attachment that nobody can read. A file
// without a row is removed, here or at the next start.
Task<Result<Attachment>> Attachments::upload(Principal who, NewAttachment input) {
  if (input.bytes.empty()) {
    co_return fail(ErrorKind::invalid, "the body is empty; send the file's bytes", "body");
  }
  if (input.bytes.size() > limits::attachment_bytes_max) {
    co_return fail(ErrorKind::too_large,
                   "the file has " + std::to_string(input.bytes.size()) + " bytes, more than " +
                       std::to_string(limits::attachment_bytes_max) + " allowed",
                   "body");
  }
  auto type = attachment_type(input.declared_type, input.bytes);
  if (!type) co_return fail(std::move(type.error()));
  const Time now = clock_.now();
  Attachment attachment{.id = base::new_id(now),
                        .scope = who.scope,
                        .owner = who.user_id,
                        .kind = type->kind,
                        .mime = std::move(type->mime),
                        .name = clean_file_name(input.name),
                        .bytes = static_cast<std::int64_t>(input.bytes.size()),
                        .created_at = now,
                        .expires_at = now + limits::attachment_unused_time};
  auto written = co_await store_bytes(account_of(who), attachment.id, std::move(input.bytes));
  if (!written) {
    // Given up, it may still be at work: whatever it leaves has no row.
    [[maybe_unused]] const auto removed = co_await remove_file(attachment.id);
    co_return fail(std::move(written.error()));
  }
  Unit unit{.scope = who.scope, .account = account_of(who)};
  unit.changes.emplace_back(InsertAttachment{.attachment = attachment});
  if (!input.keyed_request_id.empty()) {
    unit.changes.emplace_back(LinkKeyedRequest{std::move(input.keyed_request_id), attachment.id});
  }
  auto stored = co_await feed_.commit(std::move(unit));
  if (!stored) {
    [[maybe_unused]] const auto removed = co_await remove_file(attachment.id);
    co_return fail(std::move(stored.error()));
  }
  co_return attachment;
}

Task<Result<Attachment>> Attachments::get(Principal who, std::string id) {
  auto found = co_await store_.attachment(who.scope, id);
  if (!found) co_return fail(std::move(found.error()));
  const bool there = *found && is_own(who, (*found)->scope, (*found)->owner) &&
                     (*found)->expires_at > clock_.now();
  if (!there) co_return no_such_attachment(id);
  co_return std::move(**found);
}

Task<Result<std::vector<Part>>> Attachments::parts(Principal who, std::vector<std::string> ids) {
  if (ids.size() > limits::attachments_per_message) {
    co_return fail(ErrorKind::invalid,
                   "a message has " + std::to_string(limits::attachments_per_message) +
                       " attachments at most; send fewer",
                   ids_field);
  }
  std::vector<Part> out;
  std::set<std::string> seen;
  std::int64_t bytes = 0;
  for (const std::string& id : ids) {
    if (!seen.insert(id).second) {
      co_return fail(ErrorKind::invalid, "an attachment is named twice", ids_field);
    }
    auto found = co_await get(who, id);
    if (!found) co_return fail(std::move(found.error()));
    bytes += found->bytes;
    if (std::cmp_greater(bytes, limits::attachment_turn_bytes_max)) co_return too_much(bytes);
    out.emplace_back(FilePart{.mime = std::move(found->mime),
                              .filename = std::move(found->name),
                              .url = std::string(attachment_url_scheme) + found->id,
                              .bytes = found->bytes});
  }
  co_return out;
}

// --- showing them to the model ------------------------------------------------------------------

Result<HeldAttachments> Attachments::take_memory(const std::string& account, std::int64_t bytes) {
  HeldAttachments out;
  const std::int64_t units =
      (bytes + static_cast<std::int64_t>(limits::MiB) - 1) / static_cast<std::int64_t>(limits::MiB);
  for (std::int64_t i = 0; i < units; ++i) {
    auto hold = memory_.take(account);
    if (!hold) {
      hold.error().retryable = true;
      return fail(std::move(hold.error()));
    }
    out.memory.push_back(std::move(*hold));
  }
  return out;
}

Task<Result<HeldAttachments>> Attachments::fill(Scope scope, std::string account,
                                                std::vector<Message>* messages,
                                                std::stop_token stop) {
  std::int64_t bytes = 0;
  std::vector<Place> shown;
  const std::vector<Place> places = places_in(*messages);
  for (const Place& place : places) {
    const Message& message = (*messages)[place.message];
    Part& part = (*messages)[place.message].parts[place.part];
    const auto& file = std::get<FilePart>(part);
    auto found = co_await store_.attachment(scope, std::string(*attachment_id_of(file)));
    if (!found) co_return fail(std::move(found.error()));
    // The author is whoever may show it: a part that names another's is not shown to the model.
    if (!*found || (*found)->owner != message.user_id || (*found)->expires_at <= clock_.now()) {
      part = note_of(file, "was attached; it is not there any more");
    } else if (std::cmp_greater(bytes + (*found)->bytes, limits::attachment_turn_bytes_max)) {
      part = note_of(file, "was attached; it is left out, as later files take its place");
    } else {
      bytes += (*found)->bytes;
      shown.push_back(place);
    }
  }
  auto held = take_memory(account, bytes);
  if (!held) co_return fail(std::move(held.error()));
  for (const Place& place : shown) {
    Part& part = (*messages)[place.message].parts[place.part];
    auto& file = std::get<FilePart>(part);
    auto encoded = co_await read_file(account, std::string(*attachment_id_of(file)), stop);
    if (encoded) {
      file.url = "data:" + file.mime + ";base64," + *encoded;
    } else if (encoded.error().kind == ErrorKind::not_found) {
      part = note_of(file, "was attached; it is not there any more");
    } else {
      co_return fail(std::move(encoded.error()));
    }
  }
  co_return std::move(*held);
}

// --- the end ------------------------------------------------------------------------------------

// A row whose file cannot be removed stays, so that it is tried again.
Task<void> Attachments::purge() {
  EveryScopePage page;
  for (;;) {
    auto gone = co_await store_.files_to_remove(clock_.now(), page);
    if (!gone) {
      base::log::warn("attachments_unreadable", {{"error", gone.error().message}});
      co_return;
    }
    for (const FilePlace& attachment : *gone) {
      auto removed = co_await remove_file(attachment.id);
      if (removed) {
        Unit unit{.scope = attachment.scope};
        unit.changes.emplace_back(RemoveAttachment{.id = attachment.id});
        auto forgotten = co_await feed_.commit(std::move(unit));
        if (!forgotten) removed = fail(std::move(forgotten.error()));
      }
      if (!removed) {
        base::log::warn("attachment_not_removed",
                        {{"attachment", attachment.id}, {"error", removed.error().message}});
      }
    }
    if (gone->size() < page.limit) co_return;
    page = page.after(gone->back());
  }
}

Task<std::vector<std::string>> Attachments::stored_files() {
  auto list = [files = &files_](const std::stop_token& /*stop*/) { return files->ids(); };
  base::Job job{.account = {}, .time_max = limits::attachment_io_time_max};
  auto ids = co_await workers_.run<std::vector<std::string>>(std::move(job), std::move(list));
  if (ids) co_return std::move(*ids);
  base::log::warn("attachment_files_unreadable", {{"error", ids.error().message}});
  co_return std::vector<std::string>();
}

Task<void> Attachments::sweep(std::vector<std::string> ids, std::stop_token stop) {
  for (std::string& id : ids) {
    if (stop.stop_requested()) co_return;
    auto known = co_await store_.any_attachment(id);
    if (!known || *known) continue;
    auto removed = co_await remove_file(id);
    if (!removed) {
      base::log::warn("attachment_not_removed",
                      {{"attachment", id}, {"error", removed.error().message}});
    }
  }
}

Task<void> Attachments::keep_purging(std::stop_token stop) {
  for (;;) {
    co_await purge();
    const bool passed = co_await base::sleep_for(limits::attachment_purge_interval, stop);
    if (!passed) co_return;
  }
}

}  // namespace colonnade::core
