#include "sdk/tandem/engine_cron.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include "sdk/channel.hpp"

namespace colonnade::inline v1::tandem::wire {
namespace {

constexpr std::array<std::string_view, 8> weekdays{"SUN", "MON", "TUE", "WED",
                                                   "THU", "FRI", "SAT", "SUN"};

std::vector<std::string_view> parts_of(std::string_view text, char separator) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::optional<std::size_t> number_in(std::string_view text) {
  std::size_t out = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, out);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return out;
}

std::string names_from(std::size_t first, std::size_t last, std::size_t step) {
  std::string out;
  for (std::size_t day = first; day <= last; day += step) {
    out += (out.empty() ? "" : ",") + std::string(weekdays[day]);
  }
  return out;
}

// One item of the list of weekdays: "1", "1-5", "1-5/2", "1/2". What is not made of numbers from 0
// to 7 is the engine's to read, or to refuse.
std::string weekday_item(std::string_view item) {
  const std::size_t slash = item.find('/');
  const std::string_view range = item.substr(0, slash);
  const std::size_t dash = range.find('-');
  const auto first = number_in(range.substr(0, dash));
  auto last = dash == std::string_view::npos ? first : number_in(range.substr(dash + 1));
  std::optional<std::size_t> step = 1;
  if (slash != std::string_view::npos) {
    step = number_in(item.substr(slash + 1));
    if (dash == std::string_view::npos && first) last = weekdays.size() - 2;
  }
  const bool plain = first && last && step && *step > 0 && *last < weekdays.size();
  if (!plain || *first > *last) return std::string(item);
  return names_from(*first, *last, *step);
}

bool is_given(std::string_view field) { return field != "*" && field != "?"; }

}  // namespace

Result<std::string> engine_cron(std::string_view cron) {
  std::vector<std::string_view> fields;
  for (const std::string_view field : parts_of(cron, ' ')) {
    if (!field.empty()) fields.push_back(field);
  }
  constexpr std::size_t without_seconds = 5;
  if (fields.size() != without_seconds) return std::string(cron);
  const std::string_view day = fields[2];
  const std::string_view weekday = fields[4];
  if (is_given(day) && is_given(weekday)) {
    return colonnade::detail::usage(
        "\"" + std::string(cron) +
        "\" is due on either kind of day, which this engine cannot do: make two routines");
  }
  std::string out = "0";
  for (const std::string_view field : {fields[0], fields[1], day, fields[3]}) {
    out += ' ';
    out += field;
  }
  std::string names;
  for (const std::string_view item : parts_of(weekday, ',')) {
    names += (names.empty() ? "" : ",") + weekday_item(item);
  }
  return out + ' ' + names;
}

}  // namespace colonnade::inline v1::tandem::wire
