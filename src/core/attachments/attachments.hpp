// What can be done with attachments: a user uploads one, messages use it, the model is shown it.
// Nobody but the user who uploaded one sees it. The bytes lie in files, apart from the rows.
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/share.hpp"
#include "base/task.hpp"
#include "base/workers.hpp"
#include "core/access/principal.hpp"
#include "core/attachments/attachment_store.hpp"
#include "core/events/event_feed.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

struct NewAttachment {
  std::string bytes{};
  std::string declared_type{};     // a Content-Type header; "" for none
  std::string name{};              // of the file, as the client says it; "" for none
  std::string keyed_request_id{};  // linked to the attachment in the same transaction; "" for none
};

// What a model call holds of attachments; the memory is another's once it is destroyed.
struct HeldAttachments {
  std::vector<base::Share::Hold> memory{};
};

// Thread-safe.
class Attachments {
 public:
  // Files are read and written on `workers`.
  Attachments(AttachmentStore& store, AttachmentFiles& files, EventFeed& feed, base::Clock& clock,
              base::Workers& workers);

  // Durable when it returns, bytes and row. Kept for limits::attachment_unused_time. Errors:
  // invalid (empty, or not what it is declared to be: attachment_type), too_large (it, or all of
  // the caller's together), rate_limited and unavailable with retry_after.
  base::Task<Result<Attachment>> upload(Principal who, NewAttachment input);
  // not_found unless it is the caller's own and has not expired.
  base::Task<Result<Attachment>> get(Principal who, std::string id);
  // The parts of a message that has these, in their order. Whoever stores the message stores its
  // use of them with it (RunRecord::open). Errors: those of get() and invalid (too many, one
  // twice), all with the field "attachmentIds"; too_large beyond limits::attachment_turn_bytes_max.
  base::Task<Result<std::vector<Part>>> parts(Principal who, std::vector<std::string> ids);

  // Puts the bytes, as data URLs, in place of what names attachments in the messages, the newest
  // first, up to limits::attachment_turn_bytes_max; a note stands for one that is gone, is not the
  // author's, or does not fit any more. `account` is whose memory it takes. `messages` must outlive
  // the call. Errors: those of the store and the files; rate_limited and unavailable, retryable,
  // while too much is in memory.
  base::Task<Result<HeldAttachments>> fill(Scope scope, std::string account,
                                           std::vector<Message>* messages, std::stop_token stop);

  // Removes what has expired, what erased threads had alone, and what nobody's runs have left any
  // more: file, then row.
  base::Task<void> purge();
  // The ids of all files that are there. At the start, before anything is uploaded.
  base::Task<std::vector<std::string>> stored_files();
  // Removes those of them that have no row, which a crash may leave; may take its time.
  base::Task<void> sweep(std::vector<std::string> ids, std::stop_token stop);
  // Calls purge() from time to time until `stop`.
  base::Task<void> keep_purging(std::stop_token stop);

 private:
  base::Task<Result<void>> store_bytes(std::string account, std::string id, std::string bytes);
  base::Task<Result<void>> remove_file(std::string id);
  base::Task<Result<std::string>> read_file(std::string account, std::string id,
                                            std::stop_token stop);
  Result<HeldAttachments> take_memory(const std::string& account, std::int64_t bytes);

  AttachmentStore& store_;
  AttachmentFiles& files_;
  EventFeed& feed_;
  base::Clock& clock_;
  base::Workers& workers_;
  base::Share memory_;
};

// Whether any part of the messages names an attachment.
bool name_attachments(const std::vector<Message>& messages);

// A file's name without folders and control characters, limits::attachment_name_bytes_max at most;
// "attachment" for one that has nothing else.
std::string clean_file_name(std::string_view name);

}  // namespace colonnade::core
