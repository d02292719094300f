// Answers questions about policies by the engine and the files that are in force.
#pragma once

#include "core/governance/policy_inspector.hpp"
#include "gate/policy_source.hpp"

namespace colonnade::gate {

class PolicyInspector final : public core::PolicyInspector {
 public:
  // `source` must outlive the inspector.
  explicit PolicyInspector(const PolicySource& source) : source_(source) {}

  core::ActivePolicy in_force() const override;
  core::PolicySyntaxCheck read(std::string_view text) const override;
  base::Result<core::PolicyEvaluation> evaluate(std::string_view text,
                                                core::ActionRequest request) const override;

 private:
  const PolicySource& source_;
};

}  // namespace colonnade::gate
