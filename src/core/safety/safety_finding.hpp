// What the safety filter found in a text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace colonnade::core {

enum class SafetyType {
  pii,           // what identifies a person, or opens something of theirs
  injection,     // a text that tries to take the model over
  exfiltration,  // far more text than a question has
};
std::string_view to_string(SafetyType type);

enum class SafetySeverity { low, medium, high };
std::string_view to_string(SafetySeverity severity);

// Which side of the model the text is on.
enum class SafetySide { input, output };

struct SafetyFinding {
  SafetyType type = SafetyType::pii;
  SafetySeverity severity = SafetySeverity::low;
  std::string name{};          // the kind of data or the pattern: "email", "ignore_previous"
  std::string detail{};        // for a reader; holds nothing of the text
  std::string matched_text{};  // the first limits::safety_shown_characters and "***"; "" for none
  bool operator==(const SafetyFinding&) const = default;
};

inline bool has_high_severity(const std::vector<SafetyFinding>& findings) {
  for (const SafetyFinding& one : findings) {
    if (one.severity == SafetySeverity::high) return true;
  }
  return false;
}

}  // namespace colonnade::core
