#include "harness/nginx.hpp"

#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include "harness/loop.hpp"
#include "harness/sockets.hpp"

namespace colonnade::bench {
namespace {

constexpr const char* program = "/usr/sbin/nginx";
constexpr auto look_again = std::chrono::milliseconds(2);

std::string configuration(const std::string& folder, std::uint16_t port, std::uint16_t upstream) {
  return "daemon off;\nmaster_process off;\nworker_processes 1;\n" +
         std::string(::geteuid() == 0 ? "user root;\n" : "") + "pid " + folder +
         "/nginx.pid;\nerror_log " + folder + "/error.log;\n" +
         "events { worker_connections 4096; }\n"
         "http {\n"
         "  access_log off;\n  sendfile on;\n  tcp_nopush off;\n  open_file_cache max=16;\n"
         "  keepalive_requests 100000000;\n"
         "  client_body_temp_path " +
         folder + "/body;\n  proxy_temp_path " + folder +
         "/proxy;\n"
         "  upstream provider { server 127.0.0.1:" +
         std::to_string(upstream) +
         "; keepalive 64; keepalive_requests 100000000; }\n"
         "  server {\n    listen 127.0.0.1:" +
         std::to_string(port) +
         ";\n"
         "    root " +
         folder +
         "/www;\n    default_type application/json;\n"
         "    location /v1/ {\n      proxy_pass http://provider;\n      proxy_http_version 1.1;\n"
         "      proxy_set_header Connection \"\";\n      proxy_buffering off;\n    }\n"
         "  }\n}\n";
}

}  // namespace

bool Nginx::installed() { return std::filesystem::exists(program); }

Nginx::Nginx(const std::string& folder, std::uint16_t upstream_port, std::optional<int> cpu)
    : folder_(std::filesystem::absolute(folder)), port_(free_port()) {
  std::filesystem::create_directories(folder_ + "/www");
  std::ofstream(folder_ + "/nginx.conf") << configuration(folder_, port_, upstream_port);
  child_ = std::make_unique<Child>(
      ChildOptions{.command = {program, "-p", folder_, "-c", folder_ + "/nginx.conf"},
                   .environment = {"PATH=/usr/sbin:/usr/bin:/bin"},
                   .output_file = folder_ + "/nginx.log",
                   .cpu = cpu});
  const auto deadline = SteadyClock::now() + std::chrono::seconds(10);
  while (!connect_to(port_, 0, true)) {
    if (!child_->running() || SteadyClock::now() > deadline) {
      throw std::runtime_error("nginx did not come up; see " + folder_);
    }
    std::this_thread::sleep_for(look_again);  // allow(sleep): a foreign program tells nobody
  }
}

void Nginx::put_file(const std::string& name, std::string_view content) const {
  std::ofstream(folder_ + "/www/" + name) << content;
}

}  // namespace colonnade::bench
