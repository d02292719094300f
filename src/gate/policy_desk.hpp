// Answers questions about policies by the engine and the files that are in force.
#pragma once

#include "core/governance/policy_desk.hpp"
#include "gate/policy_source.hpp"

namespace colonnade::gate {

class PolicyDesk final : public core::PolicyDesk {
 public:
  // `source` must outlive the desk.
  explicit PolicyDesk(const PolicySource& source) : source_(source) {}

  core::PolicyInForce in_force() const override;
  core::PolicyReading read(std::string_view text) const override;
  base::Result<core::PolicyTrial> try_out(std::string_view text,
                                          core::ActionRequest request) const override;

 private:
  const PolicySource& source_;
};

}  // namespace colonnade::gate
