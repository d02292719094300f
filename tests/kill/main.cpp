// Kills the server at random moments under load, starts it again on the same data, and checks that
// nothing that anybody was told is lost, repeated, or left hanging.
//
//   kill_loop --server <program> [--kills 10] [--seed n] [--work <folder>] [--clients 4]
//             [--first-starts n]
//
// Half of the kills are with a stub provider (paced tokens, tool calls), half with the offline one,
// each on a data folder of its own, after some on folders that are being made. The last lines say
// what was done; anything that does not hold ends the program with 1 and the evidence, and leaves
// the data folder for inspection.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <string>

#include "harness/sockets.hpp"
#include "loads.hpp"

namespace colonnade::kill {
namespace {

bool parse(int argc, char** argv, Options& out) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--server") {
      out.server = std::filesystem::absolute(value);
    } else if (name == "--work") {
      out.work = std::filesystem::absolute(value);
    } else if (name == "--kills") {
      out.kills = std::atoi(value.c_str());
    } else if (name == "--clients") {
      out.clients = std::atoi(value.c_str());
    } else if (name == "--first-starts") {
      out.first_starts = std::atoi(value.c_str());
    } else if (name == "--seed") {
      out.seed = std::strtoull(value.c_str(), nullptr, 10);
    } else {
      return false;
    }
  }
  return argc % 2 == 1 && !out.server.empty() && out.kills > 0 && out.clients > 0;
}

}  // namespace
}  // namespace colonnade::kill

int main(int argc, char** argv) {
  using namespace colonnade;
  kill::Options options{.seed = std::random_device{}()};
  if (!kill::parse(argc, argv, options)) {
    std::fputs(
        "usage: kill_loop --server <program> [--kills n] [--seed n] [--work folder] [--clients "
        "n]\n",
        stderr);
    return 2;
  }
  if (options.work.empty()) options.work = std::filesystem::current_path().string() + "/kill-work";
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  try {
    std::filesystem::remove_all(options.work);
    std::filesystem::create_directories(options.work);
    bench::raise_open_files();
    kill::kill_runs(options);
    std::filesystem::remove_all(options.work);
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "BROKEN with seed %llu: %s\ndata: %s\n",
                 static_cast<unsigned long long>(options.seed), failure.what(),
                 options.work.c_str());
    return 1;
  }
}
