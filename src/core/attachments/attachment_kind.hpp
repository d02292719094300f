// What a file is, by its bytes and by what its sender says of it.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "core/attachments/attachment.hpp"

namespace colonnade::core {

struct AttachmentType {
  AttachmentKind kind = AttachmentKind::document;
  std::string mime{};  // lower case, without parameters
};

// The bytes count: of a kind that is known by its first bytes (images, audio, video, PDF, zip) the
// type that they have is taken, whatever was declared, and a declared type of such a kind that they
// do not have is refused: nobody gets a page that calls itself an image. Other bytes are what was
// declared, if they can be: text has to be UTF-8. Without a declared type, or with
// application/octet-stream: text/plain or application/octet-stream.
// `declared` is a Content-Type header. Errors: invalid with the field "Content-Type".
base::Result<AttachmentType> attachment_type(std::string_view declared, std::string_view bytes);

}  // namespace colonnade::core
