#include "harness/server.hpp"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace colonnade::bench {
namespace {

constexpr auto look_again = std::chrono::microseconds(200);

std::string file_text(const std::string& path) {
  std::ifstream file(path);
  std::stringstream out;
  out << file.rdbuf();
  return out.str();
}

std::string log_file(const std::string& data_dir) { return data_dir + ".log"; }
std::string ready_file(const std::string& data_dir) { return data_dir + ".ready"; }

ChildOptions child_options(const ServerOptions& options) {
  ChildOptions out{.output_file = log_file(options.data_dir), .cpu = options.cpu};
  out.command = {options.binary, "serve",
                 "--data-dir",   options.data_dir,
                 "--listen",     "127.0.0.1:" + std::to_string(options.port),
                 "--durability", options.durability,
                 "--log-level",  "warn",
                 "--io-threads", std::to_string(options.io_threads),
                 "--ready-file", ready_file(options.data_dir)};
  // Nothing of the caller's environment: neither keys nor settings.
  out.environment = {"PATH=/usr/bin:/bin", "HOME=" + options.data_dir};
  if (options.provider_port != 0) {
    out.environment.push_back("OPENAI_API_KEY=x");
    out.environment.push_back(
        "OPENAI_BASE_URL=http://127.0.0.1:" + std::to_string(options.provider_port) + "/v1");
    out.command.insert(out.command.end(), {"--model", "stub"});
  } else {
    out.command.insert(out.command.end(), {"--provider", "offline"});
  }
  out.command.insert(out.command.end(), options.arguments.begin(), options.arguments.end());
  // For servers built with sanitizers.
  for (const char* name : {"ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"}) {
    if (const char* value = std::getenv(name))
      out.environment.push_back(name + ("=" + std::string(value)));
  }
  return out;
}

}  // namespace

std::string end_of_file(const std::string& path, std::size_t bytes) {
  const std::string all = file_text(path);
  return all.substr(all.size() - std::min(all.size(), bytes));
}

std::unique_ptr<Child> Server::launch(const ServerOptions& options) {
  std::filesystem::remove(ready_file(options.data_dir));
  return std::make_unique<Child>(child_options(options));
}

Server::Server(const ServerOptions& options) : data_dir_(options.data_dir) {
  target_.port = options.port;
  child_ = launch(options);
  wait_until_healthy(options);
  target_.token = file_text(data_dir_ + "/operator.token");
  while (!target_.token.empty() && target_.token.back() <= ' ') target_.token.pop_back();
}

// The file that the server writes in one step when it is ready; launch() removed an older one.
std::uint16_t Server::announced_port() const {
  const std::string said = file_text(ready_file(data_dir_));
  const std::size_t url = said.find("http://127.0.0.1:");
  return url == std::string::npos ? 0
                                  : static_cast<std::uint16_t>(std::atoi(said.c_str() + url + 17));
}

void Server::wait_until_healthy(const ServerOptions& options) {
  const auto begin = SteadyClock::now();
  while (SteadyClock::now() - begin < options.patience && child_->running()) {
    if (options.port == 0) target_.port = announced_port();
    if (target_.port != 0) {
      BlockingConnection connection(target_.port);
      const auto response =
          connection.exchange(request_text(Target{.port = target_.port}, "GET", "/api/v1/health"));
      if (response && response->status == 200) {
        start_time_ =
            std::chrono::duration_cast<std::chrono::microseconds>(SteadyClock::now() - begin);
        return;
      }
    }
    std::this_thread::sleep_for(look_again);  // allow(sleep): the start is what is timed
  }
  throw std::runtime_error("the server did not come up; its log ends:\n" +
                           end_of_file(log_file(data_dir_)));
}

void Server::kill() {
  child_->signal(SIGKILL);
  child_->wait(std::chrono::seconds(10));
}

bool Server::stop(std::chrono::milliseconds patience) {
  child_->signal(SIGTERM);
  return child_->wait(patience) == 0;
}

}  // namespace colonnade::bench
