// The grant of unattended work: what its creator has allowed it to do unasked. It turns questions
// to a human into answers, for the tools that it names; never a denial.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace colonnade::core {

struct WorkGrant {
  std::string by{};  // what it belongs to, for who reads decisions: "Routine daily-digest"
  std::vector<std::string> tools{};  // names in which `*` is any run of characters

  bool operator==(const WorkGrant&) const = default;
};

// Whether it answers for a call of that tool, which has these other names, too. Pure.
bool grants(const WorkGrant& grant, std::string_view tool, const std::vector<std::string>& aliases);

}  // namespace colonnade::core
