// Which configuration files of a current folder count. A folder may be somebody else's: a checkout,
// a download, /tmp. Its colonnade.yaml could start programs and send keys elsewhere, so it is read
// only after its user said once, for this path and this content, that it may be.
#pragma once

#include <string>
#include <string_view>

#include "app/environment.hpp"
#include "base/result.hpp"

namespace colonnade::app {

// The file that keeps what is trusted: $XDG_STATE_HOME/colonnade/trusted-configs
// (~/.local/state when unset), a line "SHA-256  PATH" for each, for the owner only. "" without a
// home.
std::string trust_store_path(const Environment& environment);

// Whether the file at `path` was trusted while it had exactly this content. False also when the
// store cannot be read, or when others may write to it.
bool is_trusted_config(const Environment& environment, const std::string& path,
                       std::string_view content);

struct TrustedConfig {
  std::string path{};  // absolute, without links
  std::string sha256{};
};
// Trusts what the file holds now; an earlier content of it is forgotten. not_found when there is no
// such file; invalid when it is no configuration file's size, or the store cannot be written.
base::Result<TrustedConfig> trust_config(const Environment& environment, const std::string& path);

}  // namespace colonnade::app
