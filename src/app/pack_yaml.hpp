// The YAML of packs as JSON: what tandempack.yaml and the definitions beside it are written in.
#pragma once

#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"

namespace colonnade::app {

// Plain scalars that say true, false or nothing are those, whole numbers of at most 15 digits are
// numbers, and everything else is the text that stands there: a version 1.10 stays one. Errors:
// invalid with the file and the line, as app/yaml.hpp has them.
base::Result<base::Json> pack_yaml(std::string_view text, std::string_view name);

}  // namespace colonnade::app
