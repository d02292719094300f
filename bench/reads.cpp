#include "harness/nginx.hpp"
#include "harness/statistics.hpp"
#include "measurements.hpp"
#include "wrk.hpp"

namespace colonnade::bench {
namespace {

constexpr int threads_listed = 50;  // a full page
constexpr int exchanges_shown = 10;

}  // namespace

Section measure_reads(const Setup& setup) {
  Section out{.title = "REST reads"};
  ServerOptions options{.binary = setup.server,
                        .data_dir = setup.fresh_folder("reads"),
                        .io_threads = 1,
                        .cpu = setup.measured_cpu};
  Server server(options);
  const Target& target = server.target();
  std::string thread;
  for (int i = 0; i < threads_listed; ++i) {
    thread = make_thread(target, "What we said about topic " + std::to_string(i));
  }
  for (int i = 0; i < exchanges_shown; ++i) {
    send_message(target, thread, "Please say something about the number " + std::to_string(i));
  }
  const Nginx nginx(setup.fresh_folder("reads-nginx"), 1, setup.measured_cpu);
  const std::vector<std::pair<std::string, std::string>> routes{
      {"list threads", "/api/v1/threads"}, {"get thread", "/api/v1/threads/" + thread}};
  for (const auto& [name, path] : routes) {
    const std::string body = must_fetch(target, "GET", path);
    const std::string file = path.substr(path.rfind('/') + 1) + ".json";
    nginx.put_file(file, body);
    std::vector<double> ours;
    std::vector<double> ours_cpu;
    std::vector<double> theirs;
    std::vector<double> theirs_cpu;
    for (int round = 0; round < setup.rounds; ++round) {
      const Rate a = run_wrk(setup, target, {.path = path}, server.pid());
      const Rate b = run_wrk(setup, {.port = nginx.port()}, {.path = "/" + file}, nginx.pid());
      ours.push_back(a.a_second);
      ours_cpu.push_back(a.cpu_micros);
      theirs.push_back(b.a_second);
      theirs_cpu.push_back(b.cpu_micros);
    }
    const double share = median(ours) / median(theirs);
    out.findings.push_back({name + ", a second", "≥ 50 % of nginx's static rate",
                            number_text(median(ours)) + " (" + number_text(100 * share) + " %)",
                            "nginx " + number_text(median(theirs)), verdict(share >= 0.5)});
    out.rows.push_back({name, std::to_string(body.size()), number_text(median(ours)),
                        number_text(median(ours_cpu)), number_text(median(theirs)),
                        number_text(median(theirs_cpu))});
  }
  out.how =
      "wrk, 1 thread, 32 connections, on the other core; Colonnade with one I/O thread and "
      "nginx with one worker on the same core, in turns, " +
      std::to_string(setup.rounds) +
      " rounds, medians. The list holds 50 threads, the thread 10 exchanges. nginx serves a "
      "file with the same bytes, from its open-file cache; Colonnade checks the token and "
      "reads the store.";
  out.header = {
      "route",      "body, bytes", "Colonnade, a second", "CPU µs each", "nginx static, a second",
      "CPU µs each"};
  return out;
}

}  // namespace colonnade::bench
