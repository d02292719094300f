// How a command finds the server it talks to, and with which token.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "app/command_line.hpp"
#include "colonnade/fathom.hpp"

namespace colonnade::app {

struct RemoteOptions {
  std::string url{};
  std::string token_file{};
  std::string ca_file{};
  std::shared_ptr<ConfigFlags> config{};
};

// Adds --url, --token-file, --ca-file, --config and --data-dir.
std::shared_ptr<RemoteOptions> add_remote_options(Command command);

// Address, first wins: --url, $FATHOM_BASE_URL, the server that runs on this data folder, the first
// listen address of the configuration. Token: --token-file, $FATHOM_TOKEN, and for a server on this
// machine the operator's token file: that token is never sent elsewhere.
struct Remote {
  std::string base_url{};
  std::string token{};  // "" when there is none
  std::string ca_file{};
  // What another command must be given to reach the same server with the same token: " --url …",
  // quoted for a shell; "" where it finds it by itself.
  std::string flags{};

  fathom::Options options() const;
};
// Errors: invalid for a URL that is not http or https; not_found for a data folder that was named
// and is not there; those of reading the token's file.
base::Result<Remote> find_remote(const RemoteOptions& options, const Config& config,
                                 const Environment& environment);

// Finds the server and calls `work` with a client. What the SDK throws, and a server that cannot be
// found, becomes a message with its remedy and exit_failure.
int with_client(const Context& context, const RemoteOptions& options,
                const std::function<int(const fathom::Client&)>& work);
// The same; `work` also learns where the server is.
int with_client_at(const Context& context, const RemoteOptions& options,
                   const std::function<int(const fathom::Client&, const Remote&)>& work);

// One sentence about a failed call: what happened and what to do.
std::string explain(const colonnade::Error& error, const std::string& base_url);

}  // namespace colonnade::app
