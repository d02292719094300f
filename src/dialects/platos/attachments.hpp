// Uploads of files that messages may name by `attachmentIds` (platos §2.2).
#pragma once

#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/task.hpp"
#include "core/attachments/attachments.hpp"
#include "dialects/answer_once.hpp"
#include "dialects/platos/access.hpp"
#include "dialects/platos/caller.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::platos {

class AttachmentResource {
 public:
  struct Dependencies {
    core::Attachments& attachments;
    AnswerOnce& answer_once;
  };
  // Must outlive it.
  explicit AttachmentResource(Dependencies deps) : deps_(deps) {}

  // POST /api/v1/agent/attachments, a body of limits::attachment_bytes_max at most: the file's
  // bytes with its Content-Type; its name as X-Filename, percent-encoded where it is not ASCII. 201
  // {id, kind, mimeType, bytes, originalName, expiresAt}.
  base::Task<net::Reply> upload(Caller caller, RequestPtr request);

 private:
  base::Task<Attempted> upload_once(core::Principal who, core::NewAttachment input,
                                    Attempt attempt);

  Dependencies deps_;
};

std::string encode_attachment(const core::Attachment& attachment);

// `attachmentIds` of a message's body or frame: an array of strings; null and absent are none.
// invalid with that field. What the ids stand for is core::Attachments::parts()'s to say.
base::Result<std::vector<std::string>> decode_attachment_ids(const base::Json& value);
// The same of a query: ids joined by commas.
std::vector<std::string> split_attachment_ids(std::string_view text);

// The code of an error event for a message's attachments (platos §4.5): "ATTACHMENT_UNSUPPORTED"
// when the model cannot be shown one; "" for any other error.
std::string_view attachment_error_code(const base::Error& error);

}  // namespace colonnade::dialects::platos
