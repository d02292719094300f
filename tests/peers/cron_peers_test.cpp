// Cron expressions against libraries that others maintain: random expressions, zones and moments,
// and what croner and cron-parser answer. Where they differ from us a row below says why.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "program_lines.hpp"
#include "scheduler/cron.hpp"
#include "scheduler/zones.hpp"

namespace colonnade::peers {
namespace {

namespace fs = std::filesystem;
using scheduler::Cron;
using scheduler::CronFlavor;
using std::chrono::hours;
using std::chrono::sys_seconds;

constexpr std::size_t times_compared = 3;

// What somebody says about one expression: refused, or when it is due next.
struct CronAnswer {
  std::optional<std::string> refused{};  // why
  std::vector<sys_seconds> times{};

  bool says_the_same(const CronAnswer& other) const {
    return refused.has_value() == other.refused.has_value() && times == other.times;
  }
};

struct PeerCase {
  CronFlavor flavor = CronFlavor::classic;
  std::string text;
  std::string zone;
  sys_seconds from{};
  std::optional<CronAnswer> croner;
  std::optional<CronAnswer> cron_parser;
};

sys_seconds moment(const std::string& milliseconds) {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::sys_time<std::chrono::milliseconds>(
      std::chrono::milliseconds(std::stoll(milliseconds))));
}

std::optional<CronAnswer> answer_of(const std::string& text) {
  if (text == "-") return std::nullopt;
  constexpr std::string_view refused = "refused: ";
  if (text.starts_with(refused)) return CronAnswer{.refused = text.substr(refused.size())};
  CronAnswer out;
  if (text == "never") return out;
  for (const auto& time : split(text, ',')) out.times.push_back(moment(time));
  return out;
}

std::optional<PeerCase> case_of(const std::string& line) {
  const auto columns = split(line, '\t');
  if (columns.size() != 6) return std::nullopt;
  return PeerCase{.flavor = columns[0] == "quartz" ? CronFlavor::quartz : CronFlavor::classic,
                  .text = columns[1],
                  .zone = columns[2],
                  .from = moment(columns[3]),
                  .croner = answer_of(columns[4]),
                  .cron_parser = answer_of(columns[5])};
}

CronAnswer our_answer(const PeerCase& c, const scheduler::Zone& zone) {
  const auto cron = Cron::parse(c.text, c.flavor);
  if (!cron) return {.refused = cron.error().message};
  CronAnswer out;
  auto last = c.from;
  while (out.times.size() < times_compared) {
    const auto next = cron->next(zone, last);
    if (!next) break;
    out.times.push_back(*next);
    last = *next;
  }
  return out;
}

std::string shown(const CronAnswer& answer) {
  if (answer.refused) return "refused: " + *answer.refused;
  std::string out;
  for (const auto time : answer.times) {
    out += " " + std::to_string(time.time_since_epoch().count());
  }
  return out.empty() ? "never" : out;
}

// --- why answers differ
// ---------------------------------------------------------------------------

struct Comparison {
  const PeerCase& c;
  const scheduler::Zone& zone;
  std::string_view peer;
  const CronAnswer& ours;
  const CronAnswer& theirs;
};

bool changes_near(const scheduler::Zone& zone, sys_seconds time) {
  return zone.span_at(time - hours(26)).end <= time + hours(26);
}

// The first times that differ, or the moment that was asked about, are within a day of a change of
// the zone's clock.
bool is_near_a_change(const Comparison& it) {
  if (changes_near(it.zone, it.c.from)) return true;
  for (std::size_t i = 0; i < times_compared; ++i) {
    const bool ours = i < it.ours.times.size();
    const bool theirs = i < it.theirs.times.size();
    if (ours && theirs && it.ours.times[i] == it.theirs.times[i]) continue;
    return (ours && changes_near(it.zone, it.ours.times[i])) ||
           (theirs && changes_near(it.zone, it.theirs.times[i]));
  }
  return false;
}

struct Reason {
  std::string_view name;
  std::string_view text;
  bool (*applies)(const Comparison&);
};

bool refuses(const Comparison& it, std::string_view peer, std::string_view why) {
  return it.peer == peer && !it.ours.refused && it.theirs.refused &&
         it.theirs.refused->find(why) != std::string::npos;
}

constexpr Reason reasons[]{
    {"a change of the clock",
     "both libraries run what the clock is set forward past later on that day, and some of what "
     "comes "
     "twice a second time; we do neither",
     [](const Comparison& it) {
       return !it.ours.refused && !it.theirs.refused && is_near_a_change(it);
     }},
    {"loop limit", "cron-parser gives up where a zone's clock is set by half an hour",
     [](const Comparison& it) {
       return refuses(it, "cron-parser", "loop limit exceeded") && is_near_a_change(it);
     }},
    {"a/n", "croner wants a-b/n; cron-parser knows it as we do",
     [](const Comparison& it) { return refuses(it, "croner", "stepping with numeric prefix"); }},
    {"a large step", "croner refuses a step beyond the range; we run at its first value",
     [](const Comparison& it) {
       return refuses(it, "croner", "steps cannot be greater than maximum value");
     }},
    {"doubles", "cron-parser refuses a list that has a number twice",
     [](const Comparison& it) { return refuses(it, "cron-parser", "duplicate values found"); }},
    {"steps of years", "croner counts them from the year 0, we from 1970",
     [](const Comparison& it) {
       const auto fields = split(it.c.text, ' ');
       return it.peer == "croner" && fields.size() == 7 &&
              fields[6].find("*/") != std::string::npos;
     }},
    {"no such date", "croner accepts what never comes; we refuse it",
     [](const Comparison& it) {
       return it.peer == "croner" && it.ours.refused &&
              it.ours.refused->starts_with("no date has") && !it.theirs.refused &&
              it.theirs.times.empty();
     }},
    {"fri-sun",
     "here, where 0 is Sunday, the seventh day; cron-parser knows the first alone, and refuses it, "
     "as we "
     "do where 1 is Sunday; croner takes sun-sun for a whole week",
     [](const Comparison& it) {
       const bool is_quartz = it.c.flavor == CronFlavor::quartz;
       if (it.c.text.find("-sun") == std::string::npos) return false;
       if (is_quartz) return it.ours.refused.has_value();
       const bool begins_on_sunday = it.c.text.find("sun-sun") != std::string::npos ||
                                     it.c.text.find("0-sun") != std::string::npos;
       return refuses(it, "cron-parser", "Invalid range") ||
              (it.peer == "croner" && begins_on_sunday);
     }},
};

const Reason* reason_of(const Comparison& it) {
  for (const auto& reason : reasons) {
    if (reason.applies(it)) return &reason;
  }
  return nullptr;
}

// --- the comparison
// -------------------------------------------------------------------------------

// By the seed of the random cases: several tests can run at once.
class CronPeers : public ::testing::TestWithParam<int> {};

TEST_P(CronPeers, AgreeOrDifferForAReason) {
  const auto folder = fs::path(COLONNADE_SOURCE_DIR) / "tests/peers";
  if (!fs::exists(folder / "node_modules/croner") ||
      std::system("command -v node > /dev/null") != 0) {
    GTEST_SKIP() << "no croner or no node: run `npm ci` in tests/peers (needs node 20)";
  }
  const std::size_t wanted = is_long_form() ? 10'000 : 200;
  ProgramLines lines("cd '" + folder.string() + "' && node cron_answers.mjs " +
                     std::to_string(wanted) + " " + std::to_string(GetParam()));
  scheduler::Zones zones;
  std::map<std::string, std::size_t> counts;
  std::size_t cases = 0;
  std::size_t unexplained = 0;
  while (const auto line = lines.next()) {
    const auto c = case_of(*line);
    ASSERT_TRUE(c.has_value()) << *line;
    ++cases;
    const auto zone = zones.zone(c->zone);
    ASSERT_TRUE(zone.has_value()) << zone.error().message;
    const auto ours = our_answer(*c, **zone);
    const auto compare = [&](std::string_view peer, const std::optional<CronAnswer>& theirs) {
      if (!theirs) return;
      const std::string name(peer);
      if (theirs->says_the_same(ours)) {
        ++counts[name + ": the same"];
        return;
      }
      const Reason* const reason = reason_of({*c, **zone, peer, ours, *theirs});
      const std::string why =
          reason == nullptr ? "no reason is known"
                            : std::string(reason->name) + " (" + std::string(reason->text) + ")";
      ++counts[name + ": " + why];
      constexpr std::size_t shown_max = 20;
      if (reason != nullptr || ++unexplained > shown_max) return;
      ADD_FAILURE() << c->text << " in " << c->zone << " after "
                    << c->from.time_since_epoch().count() << "\nhere: " << shown(ours) << "\n"
                    << peer << ": " << shown(*theirs);
    };
    compare("croner", c->croner);
    compare("cron-parser", c->cron_parser);
  }
  EXPECT_EQ(cases, wanted);
  for (const auto& [name, count] : counts) std::printf("%8zu %s\n", count, name.c_str());
  EXPECT_GT(counts["croner: the same"], cases * 3 / 4);
  EXPECT_GT(counts["cron-parser: the same"], cases * 2 / 5);
}

INSTANTIATE_TEST_SUITE_P(Seeds, CronPeers, ::testing::Range(1, 11));

}  // namespace
}  // namespace colonnade::peers
