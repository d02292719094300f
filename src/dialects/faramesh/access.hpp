// Who asks, as Faramesh has it (faramesh §1.2): a bearer token of ours, or one of the shared tokens
// that an operator brought along, or nobody at all on a machine that is set up so.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "core/access/credentials.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::faramesh {

struct AccessOptions {
  // Whom the two below let in.
  core::Principal shared;
  // Secrets. Whoever sends one is `shared`.
  std::vector<std::string> tokens{};
  // Without any token, programs on this machine are `shared` (is_local_program(),
  // dialects/client_address.hpp).
  bool open = false;
};

class Access {
 public:
  Access(core::Credentials& credentials, AccessOptions options)
      : credentials_(credentials), options_(std::move(options)) {}

  // unauthorized, in the contract's own words.
  base::Task<base::Result<core::Principal>> admit(const net::Request& request) const;

 private:
  bool is_shared_token(std::string_view token) const;

  core::Credentials& credentials_;
  AccessOptions options_;
};

}  // namespace colonnade::dialects::faramesh
