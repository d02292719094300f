// An attachment: a file that a user uploaded, for messages to come.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "core/access/scope.hpp"
#include "core/threads/message.hpp"

namespace colonnade::core {

enum class AttachmentKind { image, audio, video, document };
std::string_view to_string(AttachmentKind kind);
std::optional<AttachmentKind> attachment_kind_from(std::string_view text);

// The row; the bytes lie in AttachmentFiles under its id.
struct Attachment {
  std::string id{};
  Scope scope;
  std::string owner{};      // user id: nobody else sees it, no operator either
  std::string thread_id{};  // of the first message that uses it; "" for none yet
  AttachmentKind kind = AttachmentKind::document;
  std::string mime{};
  std::string name{};  // as the client called it
  std::int64_t bytes = 0;
  base::Time created_at{};
  base::Time expires_at{};
};

// How a message's FilePart names an attachment.
constexpr std::string_view attachment_url_scheme = "attachment:";

// The id in such a URL; nullopt for any other.
inline std::optional<std::string_view> attachment_id_of(const FilePart& part) {
  std::string_view url = part.url;
  if (!url.starts_with(attachment_url_scheme)) return std::nullopt;
  url.remove_prefix(attachment_url_scheme.size());
  return url;
}

}  // namespace colonnade::core
