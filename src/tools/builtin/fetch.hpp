// `fetch`: reads a page of the web.
#pragma once

#include <string>
#include <vector>

#include "net/http_client.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

struct FetchOptions {
  // Hosts, as URLs name them, that may be at any address; "*" for all. Others must be at addresses
  // of the public Internet: not on this machine, in private networks or at link-local ones with
  // their metadata services.
  std::vector<std::string> private_hosts{};
};

class FetchTool final : public Tool {
 public:
  // `client` outlives the tool.
  FetchTool(net::HttpClient& client, FetchOptions options);

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::changes; }
  // The URL as it will be connected to, and the method.
  base::Result<base::Json> canonical(const ToolContext& context, base::Json arguments,
                                     core::ArgumentsFrom from) const override;
  // Where a redirect leads is judged as a call of its own before it is followed.
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  bool may_be_private(const std::string& host) const;

  net::HttpClient& client_;
  FetchOptions options_;
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tools
