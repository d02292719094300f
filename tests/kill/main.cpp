// Kills the server at random moments under load, starts it again on the same data, and checks that
// nothing that anybody was told is lost, repeated, or left hanging.
//
//   kill_loop --server <program> [--load runs|jobs|budgets] [--kills 10] [--seed n]
//             [--work <folder>] [--clients 4] [--first-starts n] [--runs 1000]
//
//   runs      threads, messages and streams; some of the kills on folders that are being made
//   jobs      schedules of every second, triggers under keys, batches, tools with effects
//   budgets   so many runs at once under a cap that pays for a part of them
//
// Half of the kills of runs and of jobs are with a stub provider (paced tokens, tool calls), half
// with the offline one, each on a data folder of its own. The last lines say what was done;
// anything that does not hold ends the program with 1 and the evidence, and leaves the data folder
// for inspection.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <random>
#include <string>
#include <string_view>

#include "harness/sockets.hpp"
#include "loads.hpp"

namespace colonnade::kill {
namespace {

struct Load {
  std::string_view name;
  void (*kill)(const Options& options);
};
constexpr std::array loads{Load{"runs", kill_runs}, Load{"jobs", kill_jobs},
                           Load{"budgets", kill_budgets}};

const Load* load_named(std::string_view name) {
  const auto found = std::ranges::find(loads, name, &Load::name);
  return found == loads.end() ? nullptr : &*found;
}

bool parse(int argc, char** argv, Options& out, const Load*& load) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--server") {
      out.server = std::filesystem::absolute(value);
    } else if (name == "--work") {
      out.work = std::filesystem::absolute(value);
    } else if (name == "--load") {
      load = load_named(value);
    } else if (name == "--runs") {
      out.runs = std::atoi(value.c_str());
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
  return argc % 2 == 1 && load != nullptr && !out.server.empty() && out.kills > 0 &&
         out.clients > 0 && out.runs > 0;
}

}  // namespace
}  // namespace colonnade::kill

int main(int argc, char** argv) {
  using namespace colonnade;
  kill::Options options{.seed = std::random_device{}()};
  const kill::Load* load = kill::load_named("runs");
  if (!kill::parse(argc, argv, options, load)) {
    std::fputs(
        "usage: kill_loop --server <program> [--load runs|jobs|budgets] [--kills n] [--seed n]\n"
        "                 [--work folder] [--clients n] [--first-starts n] [--runs n]\n",
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
    load->kill(options);
    std::filesystem::remove_all(options.work);
    return 0;
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "BROKEN with seed %llu: %s\ndata: %s\n",
                 static_cast<unsigned long long>(options.seed), failure.what(),
                 options.work.c_str());
    return 1;
  }
}
