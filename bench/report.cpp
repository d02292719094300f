#include "report.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace colonnade::bench {
namespace {

std::string line_of(const std::string& file, const std::string& prefix) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with(prefix)) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

// The type of the file system that holds a folder: the longest mount point that is a prefix.
std::string file_system(const std::string& folder) {
  std::ifstream in("/proc/self/mounts");
  std::string best;
  std::string type = "unknown";
  for (std::string line; std::getline(in, line);) {
    std::istringstream fields(line);
    std::string device;
    std::string point;
    std::string kind;
    fields >> device >> point >> kind;
    if (folder.starts_with(point) && point.size() >= best.size()) {
      best = point;
      type = kind;
    }
  }
  return type;
}

std::string table_row(const std::vector<std::string>& cells) {
  std::string out = "|";
  for (const std::string& cell : cells) out += " " + cell + " |";
  return out + "\n";
}

std::string table(const std::vector<std::string>& header,
                  const std::vector<std::vector<std::string>>& rows) {
  std::string out = table_row(header) + "|";
  for (std::size_t i = 0; i < header.size(); ++i) out += " --- |";
  out += "\n";
  for (const auto& row : rows) out += table_row(row);
  return out;
}

const char* word(Verdict verdict) {
  switch (verdict) {
    case Verdict::passed: return "passed";
    case Verdict::missed: return "**missed**";
    case Verdict::no_bar: return "–";
  }
  return "";
}

}  // namespace

std::string load_text() {
  std::ifstream in("/proc/loadavg");
  std::string one;
  std::string five;
  std::string fifteen;
  in >> one >> five >> fifteen;
  return one + " / " + five + " / " + fifteen;
}

std::string machine_text(const std::string& folder, const std::string& load_before) {
  utsname system{};
  ::uname(&system);
  char date[64] = {};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(date, sizeof date, "%Y-%m-%d %H:%M UTC", &utc);
  const long memory = ::sysconf(_SC_PHYS_PAGES) / 1024 * ::sysconf(_SC_PAGESIZE) / 1024 / 1024;
  std::string out =
      "Measured " + std::string(date) + " on " + line_of("/proc/cpuinfo", "model name");
  out +=
      ", " + std::to_string(::sysconf(_SC_NPROCESSORS_ONLN)) + " cores, " + std::to_string(memory);
  out += " GiB, " + std::string(system.sysname) + " " + system.release + ", data on ";
  out += file_system(folder) + ". Load average (1 / 5 / 15 min) before " + load_before;
  out += ", after " + load_text();
  return out + ". Server, stub provider and load generators share these cores.\n";
}

std::string markdown(const std::vector<Section>& sections, const std::string& machine) {
  std::vector<std::vector<std::string>> rows;
  for (const Section& section : sections) {
    for (const Finding& finding : section.findings) {
      rows.push_back(
          {finding.figure, finding.bar, finding.measured, finding.beside, word(finding.verdict)});
    }
  }
  std::string out =
      machine + "\n" + table({"figure", "bar", "measured", "beside it", "verdict"}, rows);
  for (const Section& section : sections) {
    out += "\n### " + section.title + "\n\n" + section.how + "\n";
    if (!section.rows.empty()) out += "\n" + table(section.header, section.rows);
  }
  return out;
}

void write_between_markers(const std::string& file, const std::string& name,
                           const std::string& text) {
  const std::string begin_marker = "<!-- " + name + ": begin -->";
  const std::string end_marker = "<!-- " + name + ": end -->";
  std::stringstream content;
  content << std::ifstream(file).rdbuf();
  std::string all = content.str();
  const std::size_t begin = all.find(begin_marker);
  const std::size_t end = all.find(end_marker);
  if (begin == std::string::npos || end == std::string::npos || end < begin) {
    throw std::runtime_error(file + " lacks the lines " + begin_marker + " and " + end_marker);
  }
  const std::size_t from = begin + begin_marker.size();
  all.replace(from, end - from, "\n\n" + text + "\n");
  std::ofstream(file) << all;
}

}  // namespace colonnade::bench
