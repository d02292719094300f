// The grant of unattended work: what its creator has allowed it to do unasked. It turns questions
// to a human into answers, for the tools that it names; never a denial.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace colonnade::core {

struct WorkGrant {
  std::string by{};  // what it belongs to, for who reads decisions: "routine daily-digest"
  std::vector<std::string> tools{};  // names in which `*` is any run of characters
  // What it does not allow and a human would be asked about is asked; else it is denied at once.
  bool asks = true;

  bool operator==(const WorkGrant&) const = default;
};

enum class WorkAnswerKind {
  none,    // says nothing: a human is asked as ever
  allows,  // what would be asked
  denies,  // what would be asked
};

// What a grant says of one call.
struct WorkAnswer {
  WorkAnswerKind kind = WorkAnswerKind::none;
  std::string by{};
};

// Of a call of that tool, which has these other names, too. Pure.
WorkAnswer answer_of(const WorkGrant& grant, std::string_view tool,
                     const std::vector<std::string>& aliases);

}  // namespace colonnade::core
