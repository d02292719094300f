#include "scheduler/cron_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace colonnade::scheduler {
namespace {

struct TextCase {
  std::string expression;
  std::string text;
  CronFlavor flavor = CronFlavor::classic;
};

TEST(CronText, SaysWhatAnExpressionMeans) {
  for (const TextCase& c : std::vector<TextCase>{
           {"0 6 * * 1-5", "At 06:00, Monday through Friday"},  // platos §2.6, its example
           {"30 6,18 * * *", "At 06:30 and 18:30"},
           {"15 30 6 * * *", "At 06:30:15"},
           {"* * * * *", "Every minute"},
           {"*/15 * * * *", "Every 15 minutes"},
           {"*/15 9-17 * * mon,wed",
            "Every 15 minutes, in hours 9 through 17, Monday and Wednesday"},
           {"0 * * * *", "At minute 0 of every hour"},
           {"5,35 * * * *", "At minutes 5 and 35 of every hour"},
           {"0 */2 * * *", "At minute 0, every 2 hours"},
           {"0,7 3 * * *", "At minutes 0 and 7, in hour 3"},
           {"* * * * * *", "Every second"},
           {"*/10 * * * * *", "Every 10 seconds"},
           {"30 * * * * *", "At second 30 of every minute"},
           {"*/10 5 * * * *", "Every 10 seconds, at minute 5 of every hour"},
           {"0 0 1 * *", "At 00:00, on day 1 of the month"},
           {"0 0 1,15,L 1-3,7 *",
            "At 00:00, on days 1 and 15 of the month and on the last day of the month, in January "
            "through March and July"},
           {"0 0 * * 1#1,5L",
            "At 00:00, the first Monday of the month and the last Friday of the month"},
           {"0 0 13 * 5", "At 00:00, on day 13 of the month or Friday"},
           {"0 0 0 13 * 6 2030,2031",
            "At 00:00, on day 13 of the month if it is Friday, in 2030 and 2031",
            CronFlavor::quartz},
           {"@daily", "At 00:00"}}) {
    const auto cron = Cron::parse(c.expression, c.flavor);
    ASSERT_TRUE(cron.has_value()) << c.expression << ": " << cron.error().message;
    EXPECT_EQ(describe(*cron), c.text) << c.expression;
  }
}

}  // namespace
}  // namespace colonnade::scheduler
