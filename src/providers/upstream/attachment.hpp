// Files in a message: what a vendor can be shown, and in which form.
#pragma once

#include <string>
#include <string_view>

#include "core/threads/message.hpp"

namespace colonnade::providers::upstream {

enum class AttachmentKind {
  image_data,     // `data` is base64
  image_link,     // `data` is an https URL
  document_data,  // a PDF; `data` is base64
  document_link,  // a PDF; `data` is an https URL
  text,           // `data` is the text itself
  note,           // cannot be shown; `data` says so to the model
};

struct Attachment {
  AttachmentKind kind = AttachmentKind::note;
  std::string mime{};
  std::string filename{};  // never empty
  std::string data{};
};

// In which form a file of that type is shown, when its bytes are there.
enum class FileForm { none, image, document, text };
FileForm file_form(std::string_view mime);

// Images: JPEG, PNG, GIF and WebP, which every vendor takes. Workspace paths, other types and
// broken data URLs become notes: tools can read the workspace, the vendor cannot.
Attachment attachment_of(const core::FilePart& file);

}  // namespace colonnade::providers::upstream
