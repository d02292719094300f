// The sample policy that an installation has.
#pragma once

#include <string>

namespace colonnade::app {

// Its path, "" when this program was copied without it.
std::string sample_policy_file();

// What to do about a policy file that is missing: names the sample.
std::string missing_policy_remedy();

}  // namespace colonnade::app
