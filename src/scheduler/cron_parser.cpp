#include "scheduler/cron_parser.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace colonnade::scheduler {

using base::ErrorKind;
using base::fail;
using base::Result;

namespace {

struct CronName {
  std::string_view name;  // lower case
  int value;              // of weekdays: from Sunday, which is 0
};

constexpr std::array month_names{
    CronName{"jan", 1},       CronName{"feb", 2},       CronName{"mar", 3},
    CronName{"apr", 4},       CronName{"may", 5},       CronName{"jun", 6},
    CronName{"jul", 7},       CronName{"aug", 8},       CronName{"sep", 9},
    CronName{"oct", 10},      CronName{"nov", 11},      CronName{"dec", 12},
    CronName{"january", 1},   CronName{"february", 2},  CronName{"march", 3},
    CronName{"april", 4},     CronName{"june", 6},      CronName{"july", 7},
    CronName{"august", 8},    CronName{"september", 9}, CronName{"october", 10},
    CronName{"november", 11}, CronName{"december", 12}};

constexpr std::array weekday_names{
    CronName{"sun", 0},       CronName{"mon", 1},      CronName{"tue", 2},
    CronName{"wed", 3},       CronName{"thu", 4},      CronName{"fri", 5},
    CronName{"sat", 6},       CronName{"tues", 2},     CronName{"thurs", 4},
    CronName{"sunday", 0},    CronName{"monday", 1},   CronName{"tuesday", 2},
    CronName{"wednesday", 3}, CronName{"thursday", 4}, CronName{"friday", 5},
    CronName{"saturday", 6}};

// One part of an expression, and what its numbers may be.
struct CronPart {
  std::string_view name;
  int min;
  int max;
  std::span<const CronName> names{};
  int first_name = 0;       // what the number of the name of value 0 is
  bool may_be_any = false;  // `?` is another `*`
};

constexpr CronPart second_part{.name = "second", .min = 0, .max = 59};
constexpr CronPart minute_part{.name = "minute", .min = 0, .max = 59};
constexpr CronPart hour_part{.name = "hour", .min = 0, .max = 23};
constexpr CronPart day_part{.name = "day of month", .min = 1, .max = 31, .may_be_any = true};
constexpr CronPart month_part{.name = "month", .min = 1, .max = 12, .names = month_names};
// 0 and 7 are Sunday.
constexpr CronPart weekday_part{
    .name = "weekday", .min = 0, .max = 7, .names = weekday_names, .may_be_any = true};
// 1 is Sunday.
constexpr CronPart quartz_weekday_part{.name = "weekday",
                                       .min = 1,
                                       .max = 7,
                                       .names = weekday_names,
                                       .first_name = 1,
                                       .may_be_any = true};
constexpr CronPart year_part{
    .name = "year", .min = limits::cron_year_min, .max = limits::cron_year_max};

// What one item of a list says: a range of numbers, and how many of them to go on by.
struct CronItem {
  int first = 0;
  int last = 0;
  int step = 1;
};

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::vector<std::string_view> split_at(std::string_view text, std::string_view any_of) {
  std::vector<std::string_view> out;
  for (;;) {
    const auto end = text.find_first_of(any_of);
    out.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> whole_number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-') return {};
  return value;
}

// Parses one part. Errors say which.
class PartReader {
 public:
  PartReader(const CronPart& part, std::string_view field) : part_(part), field_(field) {}

  bool is_every(std::string_view text) const {
    return text == "*" || (part_.may_be_any && text == "?");
  }

  auto wrong(const std::string& what) const {
    return fail(ErrorKind::invalid, std::string(part_.name) + ": " + what, std::string(field_));
  }

  // A number or a name.
  Result<int> value(std::string_view text) const {
    if (const auto number = whole_number(text)) {
      if (*number >= part_.min && *number <= part_.max) return *number;
      return wrong(std::string(text) + " is not in " + std::to_string(part_.min) + "-" +
                   std::to_string(part_.max));
    }
    const std::string name = lower_case(text);
    for (const CronName& named : part_.names) {
      if (named.name == name) return named.value + part_.first_name;
    }
    if (text.find_first_of("LlWw#") != std::string_view::npos) {
      return wrong("'" + std::string(text) +
                   "' is not supported; with 5 fields, L is the last day of the "
                   "month, 5L its last Friday and 5#2 its second");
    }
    return wrong("'" + std::string(text) + "' is no " +
                 (part_.names.empty() ? "number" : "number or name") +
                 "; write numbers, ranges a-b, steps */n, and commas between them");
  }

  // `*`, a, a-b, each perhaps with /step.
  Result<CronItem> item(std::string_view text) const {
    CronItem out;
    const auto slash = text.find('/');
    if (slash != std::string_view::npos) {
      const auto step = whole_number(text.substr(slash + 1));
      if (!step || *step == 0) {
        return wrong("the step of '" + std::string(text) + "' is no number from 1 up");
      }
      out.step = std::min(*step, part_.max - part_.min + 1);
    }
    const std::string_view range = text.substr(0, slash);
    if (is_every(range)) {
      out.first = part_.min;
      out.last = part_.max;
      return out;
    }
    const auto dash = range.find('-');
    const auto first = value(range.substr(0, dash));
    if (!first) return fail(first.error());
    out.first = *first;
    if (dash == std::string_view::npos) {
      out.last = slash == std::string_view::npos ? out.first : part_.max;
      return out;
    }
    const std::string_view end = range.substr(dash + 1);
    auto last = value(end);
    if (!last) return fail(last.error());
    // As the end of a range Sunday is the seventh day where it may be: fri-sun.
    const bool is_seventh = part_.min == 0 && part_.max == 7 && *last == 0;
    if (is_seventh && out.first > 0 && !whole_number(end)) *last = part_.max;
    if (*last < out.first) {
      return wrong("the range '" + std::string(range) +
                   "' runs backwards; write two ranges with a comma between them");
    }
    out.last = *last;
    return out;
  }

  // A whole list as a set of bits.
  Result<std::uint64_t> set(std::string_view text) const {
    std::uint64_t out = 0;
    for (const auto part : split_at(text, ",")) {
      const auto found = item(part);
      if (!found) return fail(found.error());
      for (int n = found->first; n <= found->last; n += found->step) out |= std::uint64_t{1} << n;
    }
    return out;
  }

 private:
  const CronPart& part_;
  std::string_view field_;
};

// Fills in the fields of one expression.
class CronParser {
 public:
  CronParser(CronFlavor flavor, std::string_view field) : flavor_(flavor), field_(field) {}

  Result<CronFields> parse(const std::vector<std::string_view>& parts) {
    const bool quartz = flavor_ == CronFlavor::quartz && parts.size() > 5;
    out_.both_days_count = quartz;
    const bool has_seconds = parts.size() > 5;
    if (!has_seconds) {
      out_.seconds = 1;
    } else if (auto r = set(second_part, parts[0], out_.seconds); !r) {
      return fail(std::move(r.error()));
    }
    const auto* const five = parts.data() + (has_seconds ? 1 : 0);
    if (auto r = set(minute_part, five[0], out_.minutes); !r) return fail(std::move(r.error()));
    if (auto r = set(hour_part, five[1], out_.hours); !r) return fail(std::move(r.error()));
    if (auto r = read_days(five[2], quartz); !r) return fail(std::move(r.error()));
    if (auto r = set(month_part, five[3], out_.months); !r) return fail(std::move(r.error()));
    if (auto r = read_weekdays(five[4], quartz); !r) return fail(std::move(r.error()));
    if (parts.size() == 7) {
      if (auto r = read_years(parts[6]); !r) return fail(std::move(r.error()));
    }
    if (!out_.has_any_day()) {
      return fail(ErrorKind::invalid,
                  "no date has this day of month, month and weekday: it would never run",
                  std::string(field_));
    }
    return out_;
  }

 private:
  Result<void> set(const CronPart& part, std::string_view text, std::uint64_t& out) const {
    const auto found = PartReader(part, field_).set(text);
    if (!found) return fail(found.error());
    out = *found;
    return {};
  }

  Result<void> read_days(std::string_view text, bool quartz) {
    const PartReader reader(day_part, field_);
    out_.every_day = reader.is_every(text);
    for (const auto item : split_at(text, ",")) {
      if (!quartz && (item == "L" || item == "l")) {
        out_.last_day = true;
        continue;
      }
      const auto found = reader.set(item);
      if (!found) return fail(found.error());
      out_.days |= *found;
    }
    return {};
  }

  Result<void> read_weekdays(std::string_view text, bool quartz) {
    const PartReader reader(quartz ? quartz_weekday_part : weekday_part, field_);
    out_.every_weekday = reader.is_every(text);
    for (const auto item : split_at(text, ",")) {
      const auto r =
          quartz ? add_weekdays(reader, item, out_.weekdays) : read_weekday(reader, item);
      if (!r) return fail(r.error());
    }
    if (quartz) {
      out_.weekdays >>= 1;  // 1 is Sunday
    }
    return {};
  }

  // With L and #: 5L is the month's last Friday, 5#2 its second.
  Result<void> read_weekday(const PartReader& reader, std::string_view item) {
    if (item.size() > 1 && (item.ends_with('L') || item.ends_with('l'))) {
      return add_weekday(reader, item.substr(0, item.size() - 1), out_.last_weekdays);
    }
    const auto hash = item.find('#');
    if (hash == std::string_view::npos) {
      std::uint64_t found = 0;
      if (auto r = add_weekdays(reader, item, found); !r) return r;
      out_.weekdays |= from_sunday(found);
      return {};
    }
    const auto nth = whole_number(item.substr(hash + 1));
    const auto count = static_cast<int>(out_.nth_weekdays.size());
    if (!nth || *nth < 1 || *nth > count) {
      return reader.wrong("'" + std::string(item) + "' needs a number from 1 to 5 after #");
    }
    return add_weekday(reader, item.substr(0, hash),
                       out_.nth_weekdays[static_cast<std::size_t>(*nth - 1)]);
  }

  static std::uint64_t from_sunday(std::uint64_t set) {
    constexpr std::uint64_t week = 0x7f;
    return (set | set >> 7) & week;  // 7 is Sunday, too
  }

  static Result<void> add_weekdays(const PartReader& reader, std::string_view item,
                                   std::uint64_t& out) {
    const auto found = reader.set(item);
    if (!found) return fail(found.error());
    out |= *found;
    return {};
  }

  static Result<void> add_weekday(const PartReader& reader, std::string_view text,
                                  std::uint64_t& out) {
    const auto found = reader.value(text);
    if (!found) return fail(found.error());
    out |= from_sunday(std::uint64_t{1} << *found);
    return {};
  }

  Result<void> read_years(std::string_view text) {
    const PartReader reader(year_part, field_);
    out_.every_year = reader.is_every(text);
    for (const auto item : split_at(text, ",")) {
      const auto found = reader.item(item);
      if (!found) return fail(found.error());
      for (int year = found->first; year <= found->last; year += found->step) {
        out_.years.set(static_cast<std::size_t>(year - limits::cron_year_min));
      }
    }
    return {};
  }

  CronFlavor flavor_;
  std::string_view field_;
  CronFields out_{};
};

struct CronNickname {
  std::string_view name;
  std::string_view expression;
};

constexpr std::array nicknames{
    CronNickname{"@yearly", "0 0 1 1 *"},  CronNickname{"@annually", "0 0 1 1 *"},
    CronNickname{"@monthly", "0 0 1 * *"}, CronNickname{"@weekly", "0 0 * * 0"},
    CronNickname{"@daily", "0 0 * * *"},   CronNickname{"@midnight", "0 0 * * *"},
    CronNickname{"@hourly", "0 * * * *"}};

std::string count_error(CronFlavor flavor) {
  return flavor == CronFlavor::quartz ? "expected 5 fields, 6 with seconds first, or 7 with a year "
                                        "last"
                                      : "expected 5 fields";
}

}  // namespace

Result<CronFields> parse_cron_fields(std::string_view text, CronFlavor flavor,
                                     std::string_view field) {
  const auto wrong = [&](std::string what) {
    return fail(ErrorKind::invalid, std::move(what), std::string(field));
  };
  if (text.size() > limits::cron_text_bytes_max) {
    return wrong("an expression has at most " + std::to_string(limits::cron_text_bytes_max) +
                 " characters");
  }
  const bool printable =
      std::ranges::all_of(text, [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); });
  if (!printable) return wrong("an expression has ASCII letters, digits and * ? , - / # @ only");
  if (text.starts_with('@')) {
    const auto* const found = std::ranges::find(nicknames, lower_case(text), &CronNickname::name);
    if (found == nicknames.end()) {
      return wrong("unknown name; write @yearly, @monthly, @weekly, @daily or @hourly");
    }
    text = found->expression;
  }
  std::vector<std::string_view> parts = split_at(text, " \t");
  std::erase(parts, std::string_view());
  const std::size_t fields_max = flavor == CronFlavor::quartz ? 7 : 6;
  if (parts.size() < 5 || parts.size() > fields_max) return wrong(count_error(flavor));
  return CronParser(flavor, field).parse(parts);
}

}  // namespace colonnade::scheduler
