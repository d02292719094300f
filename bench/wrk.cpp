#include "wrk.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace colonnade::bench {

Rate run_wrk(const Setup& setup, const Target& target, const Load& load, pid_t measured) {
  const std::string output = setup.work + "/wrk.out";
  std::filesystem::remove(output);
  const int seconds = setup.quick ? 1 : 4;
  const auto cpu_before = cpu_time(measured);
  ChildOptions options{
      .command = {"/usr/bin/wrk", "-t1", "-c32", "-d" + std::to_string(seconds) + "s"},
      .environment = {},
      .output_file = output,
      .cpu = setup.load_cpu};
  if (!target.token.empty()) {
    options.command.insert(options.command.end(), {"-H", "Authorization: Bearer " + target.token});
  }
  if (!load.body.empty()) {
    const std::string script = setup.work + "/post.lua";
    std::ofstream(script) << "wrk.method = 'POST'\nwrk.headers['Content-Type'] = "
                             "'application/json'\nwrk.body = [[" +
                                 load.body + "]]\n";
    options.command.insert(options.command.end(), {"-s", script});
  }
  options.command.push_back("http://127.0.0.1:" + std::to_string(target.port) + load.path);
  Child child(options);
  if (child.wait(std::chrono::seconds(seconds + 20)) != 0) throw std::runtime_error("wrk failed");
  const auto cpu = cpu_time(measured) - cpu_before;
  const std::string text = end_of_file(output, 4000);
  const std::size_t rate = text.find("Requests/sec:");
  if (rate == std::string::npos || text.contains("Non-2xx") || text.contains("Socket errors")) {
    throw std::runtime_error("wrk saw failures:\n" + text);
  }
  Rate out{.a_second = std::atof(text.c_str() + rate + 13)};
  out.cpu_micros = static_cast<double>(cpu.count()) / (out.a_second * seconds);
  return out;
}

}  // namespace colonnade::bench
