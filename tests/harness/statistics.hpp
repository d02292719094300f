// Medians and percentiles.
#pragma once

#include <string>
#include <vector>

namespace colonnade::bench {

// By nearest rank; 0 for no samples. `share` from 0 to 1.
double percentile(std::vector<double> samples, double share);
double median(std::vector<double> samples);

// "1,234", "56.7", "0.123": three significant digits or all before the point.
std::string number_text(double value);

}  // namespace colonnade::bench
