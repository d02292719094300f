#include "core/safety/safety_filter.hpp"

#include <algorithm>
#include <string>

#include "core/safety/detectors.hpp"
#include "core/safety/limits.hpp"

namespace colonnade::core {
namespace {

constexpr bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

std::size_t characters_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return !continues_character(c); }));
}

std::string masked(std::string_view found) {
  std::size_t end = 0;
  for (std::size_t shown = 0; end < found.size() && shown < limits::safety_shown_characters;
       ++shown) {
    ++end;
    while (end < found.size() && continues_character(found[end])) ++end;
  }
  return std::string(found.substr(0, end)) + "***";
}

std::string_view side_text(SafetySide side) {
  return side == SafetySide::input ? " in input" : " in output";
}

SafetyFinding finding_of(const SafetyMatch& match, std::string_view text, SafetySide side) {
  SafetyFinding out{.type = match.type,
                    .severity = match.severity,
                    .name = std::string(match.name),
                    .matched_text = masked(text.substr(match.begin, match.end - match.begin))};
  out.detail = out.name;
  if (out.type == SafetyType::pii) out.detail += side_text(side);
  return out;
}

// What lies within something that was found with as much weight is that same thing.
void drop_covered(SafetyMatches& matches) {
  std::ranges::sort(matches, [](const SafetyMatch& a, const SafetyMatch& b) {
    if (a.begin != b.begin) return a.begin < b.begin;
    if (a.end != b.end) return a.end > b.end;
    return a.severity > b.severity;
  });
  SafetyMatches kept;
  for (const SafetyMatch& match : matches) {
    const bool overlaps =
        !kept.empty() && match.begin < kept.back().end && match.type == kept.back().type;
    if (!overlaps) {
      kept.push_back(match);
    } else if (match.severity > kept.back().severity) {
      kept.back() = match;
    }
  }
  matches = std::move(kept);
}

void keep_the_most_severe(SafetyMatches& matches) {
  if (matches.size() <= limits::safety_findings_max) return;
  const auto by_place = [](const SafetyMatch& a, const SafetyMatch& b) {
    return a.begin < b.begin;
  };
  std::ranges::sort(matches, [&](const SafetyMatch& a, const SafetyMatch& b) {
    return a.severity != b.severity ? a.severity > b.severity : by_place(a, b);
  });
  matches.resize(limits::safety_findings_max);
  std::ranges::sort(matches, by_place);
}

}  // namespace

std::string_view to_string(SafetyType type) {
  switch (type) {
    case SafetyType::pii: return "pii";
    case SafetyType::injection: return "injection";
    case SafetyType::exfiltration: return "exfiltration";
  }
  return "";
}

std::string_view to_string(SafetySeverity severity) {
  switch (severity) {
    case SafetySeverity::low: return "low";
    case SafetySeverity::medium: return "medium";
    case SafetySeverity::high: return "high";
  }
  return "";
}

std::vector<SafetyFinding> inspect_text(std::string_view text, SafetySide side) {
  SafetyMatches matches;
  find_emails(text, matches);
  find_ip_addresses(text, matches);
  find_numbers(text, matches);
  find_lettered_ids(text, matches);
  find_ibans(text, matches);
  find_passports(text, matches);
  find_cloud_keys(text, matches);
  // A model that speaks of such a text does not try to take anything over.
  if (side == SafetySide::input) find_injections(text, matches);
  drop_covered(matches);
  keep_the_most_severe(matches);
  std::vector<SafetyFinding> out;
  out.reserve(matches.size() + 1);
  for (const SafetyMatch& match : matches) out.push_back(finding_of(match, text, side));
  if (characters_of(text) > limits::safety_text_characters_max) {
    out.push_back({.type = SafetyType::exfiltration,
                   .severity = SafetySeverity::medium,
                   .name = "length",
                   .detail = "text longer than " +
                             std::to_string(limits::safety_text_characters_max) + " characters"});
  }
  return out;
}

}  // namespace colonnade::core
