// What our MCP client costs on top of the bare way to the same server: calls of `echo` over stdio
// and over streamable HTTP, in both eras, one at a time and sixteen at once. Prints lines for
// bench/mcp.cpp.
//
//   mcp_bench <the mcp_echo program> <calls of each kind>
#include <fcntl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <deque>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/lane.hpp"
#include "base/limits.hpp"
#include "base/log.hpp"
#include "harness/statistics.hpp"
#include "mcp_echo.hpp"
#include "net/http_server.hpp"
#include "tools/mcp/http_connection.hpp"
#include "tools/mcp/session.hpp"
#include "tools/mcp/stdio_connection.hpp"

namespace colonnade::bench {
namespace {

namespace mcp = tools::mcp;
using base::Json;
using Clock = std::chrono::steady_clock;

constexpr std::array<std::size_t, 2> at_once = {1, 16};
constexpr std::size_t text_bytes = 200;
constexpr std::size_t warm_up_share = 10;  // one in so many calls is made before, unmeasured
constexpr std::int64_t bare_id = 1000;     // as many digits as most ids of a session have

struct Figures {
  double p50_us = 0;
  double p99_us = 0;
  double per_second = 0;
};

double micros_since(Clock::time_point begun) {
  return std::chrono::duration<double, std::micro>(Clock::now() - begun).count();
}

Figures figures_of(const std::vector<double>& micros, double total_us) {
  return {.p50_us = percentile(micros, 0.5),
          .p99_us = percentile(micros, 0.99),
          .per_second = 1e6 * static_cast<double>(micros.size()) / total_us};
}

std::string text_sent() { return std::string(text_bytes, 'x'); }

Json arguments_sent() { return {{"text", text_sent()}}; }

// What a session sends for the same call.
std::string bare_message(const std::string& revision) {
  Json params = {{"name", "echo"}, {"arguments", arguments_sent()}};
  if (revision == mcp::modern_revision) params = mcp::with_meta(std::move(params), {});
  return mcp::encode_request(bare_id, "tools/call", params);
}

// --- calls from coroutines of one lane ---

// One call; whether it was answered as it must be.
using Call = std::function<base::Task<bool>()>;

// Shared by the callers, the lane's.
struct Load {
  Call call{};
  std::size_t left = 0;
  std::size_t callers = 0;
  bool failed = false;
  std::vector<double> micros{};
  base::Completion<bool> done{};
};

base::Task<void> call_in_turn(std::shared_ptr<Load> load) {
  while (load->left > 0) {
    --load->left;
    const auto begun = Clock::now();
    auto good = co_await load->call();
    load->micros.push_back(micros_since(begun));
    if (good) continue;
    load->failed = true;
    load->left = 0;
  }
  if (--load->callers == 0) load->done.complete(!load->failed);
}

base::Task<bool> call_at_once(base::Lane* lane, std::shared_ptr<Load> load) {
  const std::size_t callers = load->callers;
  for (std::size_t i = 0; i < callers; ++i) lane->spawn("caller", call_in_turn(load));
  auto good = co_await load->done.wait();
  co_return good;
}

Figures run_calls(base::Lane& lane, const Call& call, std::size_t callers, std::size_t calls) {
  auto load = std::make_shared<Load>();
  load->call = call;
  load->left = calls;
  load->callers = callers;
  load->micros.reserve(calls);
  const auto begun = Clock::now();
  const bool good = base::run_on(lane, call_at_once(&lane, load));
  const double total = micros_since(begun);
  if (!good) throw std::runtime_error("a call was not answered as it must be");
  return figures_of(load->micros, total);
}

Figures measure_calls(base::Lane& lane, const Call& call, std::size_t callers, std::size_t calls) {
  run_calls(lane, call, callers, calls / warm_up_share + callers);
  return run_calls(lane, call, callers, calls);
}

// --- through the client ---

base::Task<bool> call_echo(std::shared_ptr<mcp::Session> session, std::shared_ptr<Json> arguments) {
  mcp::RequestOptions options;
  auto outcome = co_await mcp::Session::call_tool(session, "echo", *arguments, options);
  co_return outcome && !outcome->is_error && outcome->content.size() == text_bytes;
}

// A session that is ready, and over with the object.
class ReadySession {
 public:
  ReadySession(base::Lane& lane, const std::string& revision, mcp::Connect connect) : lane_(lane) {
    auto ready = std::make_shared<base::Completion<bool>>();
    mcp::SessionOptions options;
    options.name = "echo";
    options.on_status = [ready](const mcp::ServerStatus& status) {
      if (status.state == mcp::ServerState::starting) return;
      ready->complete(status.state == mcp::ServerState::ready);
    };
    session_ = mcp::Session::start(lane, std::move(options), std::move(connect));
    const bool good = base::run_on(lane, ready->wait());
    const mcp::ServerStatus now = session_->status();
    if (good && now.server.revision == revision) return;
    stop();
    throw std::runtime_error("no session in " + revision + ": " + now.reason);
  }
  ~ReadySession() { stop(); }
  ReadySession(const ReadySession&) = delete;
  ReadySession& operator=(const ReadySession&) = delete;

  Call call() const {
    return std::bind_front(call_echo, session_, std::make_shared<Json>(arguments_sent()));
  }

 private:
  void stop() { base::run_on(lane_, mcp::Session::stop(session_)); }

  base::Lane& lane_;
  std::shared_ptr<mcp::Session> session_{};
};

// --- the floor over stdio: the same bytes to the same program, by blocking write and read ---

class BarePipe {
 public:
  explicit BarePipe(const mcp::ServerCommand& command) : process_(started(command)) {
    // The few requests that are under way at once fit into the pipe: a write never waits.
    ::fcntl(process_.input.number(), F_SETFL, 0);
    ::fcntl(process_.output.number(), F_SETFL, 0);
  }

  Figures run(const std::string& line, std::size_t callers, std::size_t calls) {
    std::deque<Clock::time_point> sent;  // answers come in order
    std::vector<double> micros;
    micros.reserve(calls);
    const auto begun = Clock::now();
    for (std::size_t incoming = 0; micros.size() < calls;) {
      for (; incoming < calls && sent.size() < callers; ++incoming) {
        sent.push_back(Clock::now());
        write(line);
      }
      for (std::size_t answers = read_answers(); answers > 0; --answers) {
        micros.push_back(micros_since(sent.front()));
        sent.pop_front();
      }
    }
    return figures_of(micros, micros_since(begun));
  }

 private:
  static mcp::ServerProcess started(const mcp::ServerCommand& command) {
    auto process = mcp::ServerProcess::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    return std::move(*process);
  }

  void write(const std::string& line) {
    const ssize_t written = ::write(process_.input.number(), line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) throw std::runtime_error("short write");
  }

  // The line ends that one read brings.
  std::size_t read_answers() {
    const ssize_t got = ::read(process_.output.number(), bytes_.data(), bytes_.size());
    if (got <= 0) throw std::runtime_error("mcp_echo has ended");
    return static_cast<std::size_t>(std::count(bytes_.begin(), bytes_.begin() + got, '\n'));
  }

  mcp::ServerProcess process_;
  std::array<char, 65536> bytes_{};
};

// --- the floor over HTTP: the same POST to the same server, by the same HTTP client ---

struct BarePost {
  base::Lane* lane = nullptr;
  net::HttpClient* client = nullptr;
  net::HttpClientRequest request{};
};

base::Task<bool> post_bare(std::shared_ptr<BarePost> what) {
  const std::stop_token never;
  std::shared_ptr<net::HttpExchange> exchange =
      what->client->open(*what->lane, what->request, never);
  auto head = co_await exchange->head();
  if (!head || head->status != 200) co_return false;
  auto body = co_await exchange->read_all(limits::MiB);
  co_return body && body->size() > text_bytes;
}

Call bare_post(base::Lane& lane, net::HttpClient& client, const std::string& url,
               const std::string& revision) {
  auto what = std::make_shared<BarePost>();
  what->lane = &lane;
  what->client = &client;
  what->request.method = "POST";
  what->request.url = url;
  what->request.headers = {{"MCP-Protocol-Version", revision},
                           {"Content-Type", "application/json"},
                           {"Accept", "application/json, text/event-stream"}};
  if (revision == mcp::modern_revision) {
    what->request.headers.push_back({"Mcp-Method", "tools/call"});
    what->request.headers.push_back({"Mcp-Name", "echo"});
  }
  what->request.body = bare_message(revision);
  return std::bind_front(post_bare, what);
}

// --- the server over HTTP, on a thread of its own ---

base::Task<net::Reply> serve_echo(std::string revision,
                                  std::shared_ptr<const net::Request> request) {
  net::Response out;
  out.body = echo_answer(revision, request->body);
  if (out.body.empty()) out.status = 202;
  co_return net::Reply(std::move(out));
}

class EchoServer {
 public:
  explicit EchoServer(const std::string& revision) {
    router_.add({.method = net::Method::post,
                 .pattern = "/mcp",
                 .handler = std::bind_front(serve_echo, revision)});
    server_ = std::make_unique<net::HttpServer>(lanes_, router_, net::HttpServerOptions{});
    auto started = server_->start();
    if (!started) throw std::runtime_error(started.error().message);
  }
  ~EchoServer() { server_->stop(std::chrono::milliseconds(0)); }
  EchoServer(const EchoServer&) = delete;
  EchoServer& operator=(const EchoServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()) + "/mcp"; }

 private:
  base::Lanes lanes_{1};
  net::Router router_{};
  std::unique_ptr<net::HttpServer> server_{};
};

// --- side by side ---

void print(const char* transport, const std::string& revision, const char* way, std::size_t callers,
           const Figures& figures) {
  std::printf("%s %s %s at_once %zu p50_us %.2f p99_us %.2f per_second %.1f\n", transport,
              revision.c_str(), way, callers, figures.p50_us, figures.p99_us, figures.per_second);
}

void measure_stdio(const std::string& program, const std::string& revision, std::size_t calls) {
  const mcp::ServerCommand command{.program = program, .arguments = {revision}};
  base::Lanes lanes(1);
  base::Lane& lane = lanes[0];
  BarePipe pipe(command);
  const std::string line = bare_message(revision) + "\n";
  const ReadySession session(lane, revision, [&lane, &command] {
    return mcp::make_stdio_connection(lane, {.name = "echo", .command = command});
  });
  for (const std::size_t callers : at_once) {
    pipe.run(line, callers, calls / warm_up_share + callers);
    print("stdio", revision, "bare", callers, pipe.run(line, callers, calls));
    print("stdio", revision, "client", callers,
          measure_calls(lane, session.call(), callers, calls));
  }
}

void measure_http(const std::string& revision, std::size_t calls) {
  const EchoServer server(revision);
  base::Lanes lanes(1);
  base::Lane& lane = lanes[0];
  net::HttpClient client(lanes);
  const Call bare = bare_post(lane, client, server.url(), revision);
  const ReadySession session(lane, revision, [&] {
    return mcp::make_http_connection(lane, client, {.name = "echo", .url = server.url()});
  });
  for (const std::size_t callers : at_once) {
    print("http", revision, "bare", callers, measure_calls(lane, bare, callers, calls));
    print("http", revision, "client", callers, measure_calls(lane, session.call(), callers, calls));
  }
}

int run(char** argv) {
  base::log::set_level(base::log::Level::warn);
  const auto calls = static_cast<std::size_t>(std::stoul(argv[2]));
  for (const std::string_view revision : {mcp::newest_handshake_revision, mcp::modern_revision}) {
    measure_stdio(argv[1], std::string(revision), calls);
    measure_http(std::string(revision), calls);
  }
  return 0;
}

}  // namespace
}  // namespace colonnade::bench

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: mcp_bench <the mcp_echo program> <calls of each kind>\n", stderr);
    return 2;
  }
  try {
    return colonnade::bench::run(argv);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "mcp_bench: %s\n", failure.what());
    return 1;
  }
}
