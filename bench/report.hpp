// What a measurement found, and how it is shown.
#pragma once

#include <string>
#include <vector>

namespace colonnade::bench {

enum class Verdict { passed, missed, no_bar };

// One row of the first table.
struct Finding {
  std::string figure{};
  std::string bar{};
  std::string measured{};
  std::string beside{};  // what the same run measured for comparison
  Verdict verdict = Verdict::no_bar;
};

constexpr Verdict verdict(bool passed) { return passed ? Verdict::passed : Verdict::missed; }

// One measurement: rows of the first table, then a section of its own.
struct Section {
  std::string title{};
  std::vector<Finding> findings{};
  std::string how{};    // one paragraph: what was done, so that it can be judged
  bool broken = false;  // a fault was found: the program fails, and its work folder is kept
  std::vector<std::string> header{};
  std::vector<std::vector<std::string>> rows{};
};

// Processor, cores, memory, kernel, file system of `folder`, date and load, as a paragraph.
std::string machine_text(const std::string& folder, const std::string& load_before);
std::string load_text();

std::string markdown(const std::vector<Section>& sections, const std::string& machine);

// Replaces what stands between the markers "<!-- name: begin -->" and "<!-- name: end -->" in
// `file`. Throws std::runtime_error without markers.
void write_between_markers(const std::string& file, const std::string& name,
                           const std::string& text);

}  // namespace colonnade::bench
