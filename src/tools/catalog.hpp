// All tools that the server offers, and the one way to run them: with a permit.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tools/tool.hpp"

namespace colonnade::tools {

class Catalog final : public core::ToolRunner {
 public:
  // Names must be unique.
  explicit Catalog(std::vector<std::unique_ptr<Tool>> tools);

  std::vector<core::ToolDefinition> definitions(const core::Scope& scope) override;
  bool is_idempotent(std::string_view tool) const override;
  base::Task<base::Result<core::ToolOutcome>> run(base::Lane& lane, core::ExecutionPermit permit,
                                                  std::stop_token stop) override;

  // Names of the tools without any effect.
  std::set<std::string, std::less<>> harmless() const;

 private:
  Tool* find(std::string_view name) const;
  std::vector<std::unique_ptr<Tool>> tools_;
};

}  // namespace colonnade::tools
