// `fetch`: reads a page of the web.
#pragma once

#include "net/http_client.hpp"
#include "tools/tool.hpp"

namespace colonnade::tools {

struct FetchOptions {
  // Whether addresses that are not of the public Internet may be reached: this machine, private
  // networks, link-local ones with their metadata services.
  bool private_addresses = false;
};

class FetchTool final : public Tool {
 public:
  // `client` outlives the tool.
  FetchTool(net::HttpClient& client, FetchOptions options);

  const core::ToolDefinition& definition() const override { return definition_; }
  Effect effect() const override { return Effect::changes; }
  base::Task<core::ToolOutcome> run(ToolContext context, base::Json arguments,
                                    std::stop_token stop) override;

 private:
  net::HttpClient& client_;
  FetchOptions options_;
  core::ToolDefinition definition_;
};

}  // namespace colonnade::tools
