// What the content of an artifact may be, by its kind. Whoever shows an artifact shows it in a
// browser: html and svg must not run anything there.
#pragma once

#include <string_view>

#include "base/result.hpp"
#include "core/artifacts/artifact.hpp"

namespace colonnade::core {

// Errors: too_large beyond limits::artifact_content_bytes_max, else invalid; both with the field
// "content", and say what to mend.
//
// html and svg: no `script` element, no attribute whose name begins with `on`, and nowhere the word
// `javascript:` (nor `vbscript:`), as a browser reads them: whatever the case, with character
// references decoded, and with the tabs, line ends and control characters inside that a browser
// skips. Whether an attribute would be one is judged by its shape, not by parsing the page, so some
// text that would be harmless is refused as well.
// json: one JSON value. image: the URL of an attachment (`attachment:ID`) or a `data:image/…` URL.
base::Result<void> check_artifact(ArtifactKind kind, std::string_view content);

}  // namespace colonnade::core
