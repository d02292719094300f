// The built-in transport against a real socket: time limits, stops in every phase, the pool, broken
// connections. Each case runs the blocking and the background way.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <latch>
#include <semaphore>
#include <thread>

#include "colonnade/fathom.hpp"
#include "sdk/loopback_server.hpp"

namespace colonnade {
namespace {

using namespace std::chrono_literals;
using fathom::AsyncClient;
using fathom::Client;

constexpr std::string_view no_threads = R"({"threads":[]})";
constexpr std::string_view done_event =
    "event: agent_done\ndata: {\"type\":\"agent_done\",\"message\":{\"content\":\"hi\"}}\n\n";

fathom::Options options_for(const LoopbackServer& server) {
  return {.base_url = server.url(), .token = "t", .http = {}};
}

// Answers every request on every connection.
void answer_all(LoopbackConnection& connection) {
  while (!connection.read_request().empty()) connection.reply(200, no_threads);
}

Task<std::size_t> list_size(const AsyncClient* client) {
  const auto threads = co_await client->threads.list();
  co_return threads.size();
}

Task<int> count_events(const AsyncClient* client, int most) {
  auto events = client->threads.stream("t1");
  int count = 0;
  while (auto event = co_await events.next()) {
    if (++count == most) break;
  }
  co_return count;
}

template <class F>
TransportErrorKind kind_of(F&& call) {
  try {
    call();
  } catch (const fathom::TransportError& error) {
    return error.kind();
  }
  return TransportErrorKind::none;
}

TEST(HttpTransport, one_connection_serves_calls_one_after_the_other) {
  LoopbackServer server(answer_all);
  const Client client(options_for(server));
  const Client other = client.with_token("other");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.threads.list().empty());
  EXPECT_TRUE(other.threads.list().empty());
  EXPECT_EQ(server.connections(), 1);

  const AsyncClient async(options_for(server));
  const AsyncClient derived = async.with_token("other");
  EXPECT_EQ(run(list_size(&async)), 0U);
  EXPECT_EQ(run(list_size(&derived)), 0U);
  EXPECT_EQ(server.connections(), 2);
}

// The environment's proxy is another machine: there, 127.0.0.1 is not ours.
TEST(HttpTransport, no_proxy_of_the_environment_carries_loopback_calls) {
  for (const char* variable : {"http_proxy", "ALL_PROXY"}) {
    ::setenv(variable, "http://127.0.0.1:1", 1);  // NOLINT(concurrency-mt-unsafe): one thread yet
    LoopbackServer server(answer_all);
    const Client client(options_for(server));
    EXPECT_TRUE(client.threads.list().empty()) << variable;
    ::unsetenv(variable);  // NOLINT(concurrency-mt-unsafe)
  }
}

TEST(HttpTransport, the_request_on_the_wire) {
  std::string get;
  std::string post;
  std::string restore;
  std::string remove;
  LoopbackServer server([&](LoopbackConnection& connection) {
    get = connection.read_request();
    connection.reply(200, no_threads);
    post = connection.read_request();
    connection.reply(200, R"({"id":"t1"})");
    restore = connection.read_request();
    connection.reply(200, "{}");
    remove = connection.read_request();
    connection.reply(200, "{}");
    connection.wait_closed();
  });
  {
    const Client client(options_for(server));
    client.threads.list();
    client.threads.create("Trip");
    client.threads.restore("t1");
    client.threads.remove("t1");
  }
  EXPECT_EQ(get.substr(0, get.find("\r\n")), "GET /api/v1/threads HTTP/1.1");
  EXPECT_NE(get.find("\r\nAuthorization: Bearer t\r\n"), std::string::npos);
  EXPECT_NE(get.find("\r\nAccept: application/json\r\n"), std::string::npos);
  EXPECT_NE(get.find("\r\nUser-Agent: colonnade-cpp/"), std::string::npos);
  EXPECT_EQ(get.find("Content-Type"), std::string::npos);
  EXPECT_EQ(post.substr(post.find("\r\n\r\n") + 4), R"({"title":"Trip"})");
  EXPECT_NE(post.find("\r\nContent-Type: application/json\r\n"), std::string::npos);
  EXPECT_EQ(post.find("Expect"), std::string::npos);
  EXPECT_NE(restore.find("\r\nContent-Length: 0\r\n"), std::string::npos);
  EXPECT_EQ(restore.find("Content-Type"), std::string::npos);
  EXPECT_EQ(remove.substr(0, remove.find("\r\n")), "DELETE /api/v1/threads/t1 HTTP/1.1");
  EXPECT_EQ(remove.find("Content-Length"), std::string::npos);
}

TEST(HttpTransport, nobody_listens) {
  std::string url;
  {
    LoopbackServer gone(answer_all);
    url = gone.url();
  }
  const Client client({.base_url = url, .token = "t"});
  EXPECT_EQ(kind_of([&] { client.threads.list(); }), TransportErrorKind::connect);
  EXPECT_EQ(kind_of([&] { (void)client.threads.stream("t1"); }), TransportErrorKind::connect);
  const AsyncClient async({.base_url = url, .token = "t"});
  EXPECT_EQ(kind_of([&] { run(list_size(&async)); }), TransportErrorKind::connect);
  EXPECT_EQ(kind_of([&] { run(count_events(&async, 1)); }), TransportErrorKind::connect);
}

TEST(HttpTransport, a_peer_that_is_no_http_server) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.send("SSH-2.0-x\r\n\r\n");
  });
  const Client client(options_for(server));
  EXPECT_NE(kind_of([&] { client.threads.list(); }), TransportErrorKind::none);
}

TEST(HttpTransport, https_to_a_plain_server) {
  // Nothing there speaks TLS; what matters is that no request goes out in the clear.
  LoopbackServer plain([](LoopbackConnection& connection) {
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    connection.wait_closed();
  });
  std::string url = plain.url();
  url.insert(4, "s");
  const Client client({.base_url = url, .token = "t"});
  EXPECT_EQ(kind_of([&] { client.threads.list(); }), TransportErrorKind::tls);
}

TEST(HttpTransport, silence_and_whole_time_limits) {
  LoopbackServer server([](LoopbackConnection& connection) {
    while (!connection.read_request().empty()) {
      connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");  // and no more
    }
  });
  fathom::Options options = options_for(server);
  options.http.timeouts.read = 30ms;
  const Client silent(options);
  EXPECT_EQ(kind_of([&] { silent.threads.list(); }), TransportErrorKind::timeout);
  const Client patient(options_for(server));
  const Client hasty = patient.with({.timeout = 30ms});
  EXPECT_EQ(kind_of([&] { hasty.threads.list(); }), TransportErrorKind::timeout);
  const AsyncClient async(options);
  EXPECT_EQ(kind_of([&] { run(list_size(&async)); }), TransportErrorKind::timeout);
  const AsyncClient async_patient(options_for(server));
  const CallOptions soon{.timeout = 30ms};
  const AsyncClient async_hasty = async_patient.with(soon);
  EXPECT_EQ(kind_of([&] { run(list_size(&async_hasty)); }), TransportErrorKind::timeout);
}

TEST(HttpTransport, an_idle_watchdog_is_optional_and_counts_only_while_reading) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.open_stream();
    connection.chunk(done_event);
    connection.wait_closed();
  });
  fathom::Options options = options_for(server);
  options.http.timeouts.stream_idle = 40ms;
  const Client client(options);
  auto stream = client.threads.stream("t1");
  EXPECT_TRUE(stream.next());
  EXPECT_EQ(kind_of([&] { (void)stream.next(); }), TransportErrorKind::timeout);
  const AsyncClient async(options);
  EXPECT_EQ(kind_of([&] { run(count_events(&async, 2)); }), TransportErrorKind::timeout);
}

TEST(HttpTransport, a_stream_that_never_opens_is_bounded) {
  LoopbackServer server([](LoopbackConnection& connection) { connection.wait_closed(); });
  fathom::Options options = options_for(server);
  options.http.timeouts.read = 30ms;
  const Client client(options);
  EXPECT_EQ(kind_of([&] { (void)client.threads.stream("t1"); }), TransportErrorKind::timeout);
}

TEST(HttpTransport, stop_before_the_reply_and_in_the_middle_of_it) {
  for (const bool begun : {false, true}) {
    std::counting_semaphore<> asked(0);
    LoopbackServer server([&](LoopbackConnection& connection) {
      while (!connection.read_request().empty()) {
        if (begun) connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{");
        asked.release();
      }
    });
    const Client client(options_for(server));
    std::stop_source stop;
    const Client stoppable = client.with({.stop = stop.get_token()});
    std::jthread stopper([&] {
      asked.acquire();
      stop.request_stop();
    });
    EXPECT_EQ(kind_of([&] { stoppable.threads.list(); }), TransportErrorKind::canceled);
    stopper.join();

    const AsyncClient async(options_for(server));
    std::stop_source async_stop;
    const CallOptions with_stop{.stop = async_stop.get_token()};
    const AsyncClient async_stoppable = async.with(with_stop);
    std::jthread async_stopper([&] {
      asked.acquire();
      async_stop.request_stop();
    });
    EXPECT_EQ(kind_of([&] { run(list_size(&async_stoppable)); }), TransportErrorKind::canceled);
  }
}

TEST(HttpTransport, stop_while_a_stream_opens_and_while_it_waits) {
  for (const bool open : {false, true}) {
    std::counting_semaphore<> asked(0);
    LoopbackServer server([&](LoopbackConnection& connection) {
      connection.read_request();
      if (open) connection.open_stream();
      asked.release();
      connection.wait_closed();
    });
    const Client client(options_for(server));
    std::stop_source stop;
    const Client stoppable = client.with({.stop = stop.get_token()});
    std::jthread stopper([&] {
      asked.acquire();
      stop.request_stop();
    });
    auto stream = stoppable.threads.stream("t1");
    EXPECT_FALSE(stream.next());
    EXPECT_TRUE(stream.cancelled());
    stopper.join();

    const AsyncClient async(options_for(server));
    std::stop_source async_stop;
    const CallOptions with_stop{.stop = async_stop.get_token()};
    const AsyncClient async_stoppable = async.with(with_stop);
    std::jthread async_stopper([&] {
      asked.acquire();
      async_stop.request_stop();
    });
    EXPECT_EQ(run(count_events(&async_stoppable, 1)), 0);
  }
}

TEST(HttpTransport, closing_the_root_aborts_what_runs) {
  std::counting_semaphore<> asked(0);
  LoopbackServer server([&](LoopbackConnection& connection) {
    const std::string request = connection.read_request();
    if (request.find("/stream ") != std::string::npos) connection.open_stream();
    asked.release();
    connection.wait_closed();
  });
  Client client(options_for(server));
  auto stream = client.threads.stream("t1");
  asked.acquire();
  std::jthread caller(
      [&] { EXPECT_EQ(kind_of([&] { client.threads.list(); }), TransportErrorKind::canceled); });
  asked.acquire();
  client.close();
  caller.join();
  EXPECT_EQ(kind_of([&] { (void)stream.next(); }), TransportErrorKind::canceled);

  AsyncClient async(options_for(server));
  std::jthread closer([&] {
    asked.acquire();
    async.close();
  });
  EXPECT_EQ(kind_of([&] { run(list_size(&async)); }), TransportErrorKind::canceled);
}

TEST(HttpTransport, orderly_end_and_reset_of_a_stream) {
  std::atomic<bool> hard = false;
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.open_stream();
    connection.chunk(done_event);
    if (hard) {
      char seen = 0;
      // The client has taken the event before the connection breaks, or the kernel may drop it.
      (void)::recv(connection.fd(), &seen, 0, MSG_DONTWAIT);
      connection.chunk("event: agent_done\n");
      connection.reset();
    } else {
      connection.end_stream();
    }
  });
  const Client client(options_for(server));
  const AsyncClient async(options_for(server));
  int events = 0;
  for ([[maybe_unused]] const auto& event : client.threads.stream("t1")) ++events;
  EXPECT_EQ(events, 1);
  EXPECT_EQ(run(count_events(&async, 5)), 1);
  hard = true;
  const auto read_all = [&] {
    for ([[maybe_unused]] const auto& event : client.threads.stream("t1")) {
    }
  };
  EXPECT_EQ(kind_of(read_all), TransportErrorKind::reset);
  EXPECT_EQ(kind_of([&] { run(count_events(&async, 5)); }), TransportErrorKind::reset);
}

TEST(HttpTransport, a_connection_cut_inside_a_chunked_body_is_no_orderly_end) {
  LoopbackServer server([](LoopbackConnection& connection) {
    connection.read_request();
    connection.open_stream();
    connection.send("ff\r\nevent: x");
  });
  const Client client(options_for(server));
  auto stream = client.threads.stream("t1");
  EXPECT_EQ(kind_of([&] { (void)stream.next(); }), TransportErrorKind::reset);
}

TEST(HttpTransport, refused_stream_gives_the_status_and_body) {
  LoopbackServer server([](LoopbackConnection& connection) {
    while (!connection.read_request().empty()) connection.reply(403, R"({"error":"not yours"})");
  });
  const Client client(options_for(server));
  const AsyncClient async(options_for(server));
  const auto check = [](auto call) {
    try {
      call();
      FAIL();
    } catch (const fathom::HttpError& error) {
      EXPECT_EQ(error.status(), 403);
      EXPECT_EQ(error.body(), R"({"error":"not yours"})");
    }
  };
  check([&] { (void)client.threads.stream("t1"); });
  check([&] { run(count_events(&async, 1)); });
}

TEST(HttpTransport, breaking_the_loop_closes_only_that_connection) {
  std::counting_semaphore<> closed(0);
  LoopbackServer server([&](LoopbackConnection& connection) {
    const std::string request = connection.read_request();
    if (request.find("/stream ") == std::string::npos) {
      connection.reply(200, no_threads);
      answer_all(connection);
      return;
    }
    connection.open_stream();
    connection.chunk(done_event);
    connection.wait_closed();
    closed.release();
  });
  const Client client(options_for(server));
  auto kept = client.threads.stream("t1");
  for ([[maybe_unused]] const auto& event : client.threads.stream("t1")) break;
  closed.acquire();
  EXPECT_TRUE(kept.next());
  EXPECT_FALSE(closed.try_acquire());
  EXPECT_TRUE(client.threads.list().empty());
  kept.close();
  closed.acquire();

  const AsyncClient async(options_for(server));
  EXPECT_EQ(run(count_events(&async, 1)), 1);
  closed.acquire();
}

TEST(HttpTransport, a_request_is_not_sent_twice_when_a_kept_connection_breaks) {
  std::atomic<int> posts = 0;
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.reply(200, no_threads);
    // The second request on the kept connection is read and then dropped without an answer.
    if (!connection.read_request().empty()) ++posts;
  });
  const Client client(options_for(server));
  client.threads.list();
  EXPECT_EQ(kind_of([&] { (void)client.threads.send("t1", "hi"); }), TransportErrorKind::reset);
  EXPECT_EQ(posts, 1);
}

TEST(HttpTransport, the_pool_bounds_connections) {
  std::counting_semaphore<> arrived(0);
  std::counting_semaphore<> go_on(0);
  LoopbackServer server([&](LoopbackConnection& connection) {
    while (!connection.read_request().empty()) {
      arrived.release();
      go_on.acquire();
      connection.reply(200, no_threads);
    }
  });
  fathom::Options options = options_for(server);
  options.http.pool = {.connections = 2, .idle = 2};
  const Client client(options);
  std::vector<std::jthread> callers;
  for (int i = 0; i < 4; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(client.threads.list().empty()); });
  }
  arrived.acquire();
  arrived.acquire();
  EXPECT_EQ(server.connections(), 2);
  // Waiting for a place is stopped like anything else.
  std::stop_source stop;
  const Client stoppable = client.with({.stop = stop.get_token()});
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(kind_of([&] { stoppable.threads.list(); }), TransportErrorKind::canceled);
  go_on.release(4);
  callers.clear();
  EXPECT_EQ(server.connections(), 2);
}

TEST(HttpTransport, many_threads_share_one_client) {
  LoopbackServer server(answer_all);
  const Client client(options_for(server));
  std::vector<std::jthread> callers;
  for (int i = 0; i < 8; ++i) {
    callers.emplace_back([&] {
      for (int call = 0; call < 20; ++call) EXPECT_TRUE(client.threads.list().empty());
    });
  }
  callers.clear();
  EXPECT_LE(server.connections(), 8);
}

Task<std::size_t> many_lists(const AsyncClient* client, int count) {
  std::vector<Task<std::size_t>> calls;
  for (int i = 0; i < count; ++i) calls.push_back(list_size(client));
  const auto sizes = co_await when_all(std::move(calls));
  co_return sizes.size();
}

TEST(HttpTransport, many_calls_at_once_in_one_run) {
  LoopbackServer server(answer_all);
  const AsyncClient client(options_for(server));
  EXPECT_EQ(run(many_lists(&client, 50)), 50U);
}

TEST(HttpTransport, a_slow_reader_holds_up_the_sender_and_loses_nothing) {
  const std::string event =
      "event: agent_delta\ndata: {\"delta\":\"" + std::string(4000, 'x') + "\"}\n\n";
  constexpr int count = 1000;  // four times what the client buffers
  LoopbackServer server([&](LoopbackConnection& connection) {
    connection.read_request();
    connection.open_stream();
    for (int i = 0; i < count; ++i) connection.chunk(event);
    connection.end_stream();
  });
  const AsyncClient async(options_for(server));
  EXPECT_EQ(run(count_events(&async, count + 1)), count);
}

}  // namespace
}  // namespace colonnade
