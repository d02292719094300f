// Event streams, disconnects and the graceful stop, over real sockets.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "base/limits.hpp"
#include "base/log.hpp"
#include "net/limits.hpp"
#include "net/testing.hpp"

namespace colonnade::net {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::header_of;
using testing::RawClient;
using testing::status_of;
using testing::TestServer;

SharedBytes bytes(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

// The streams that the server under test has open, and what became of them.
struct Hub {
  std::mutex mutex{};
  std::vector<std::shared_ptr<StreamWriter>> streams{};
  std::atomic<int> opened{0};
  std::atomic<int> closed{0};
  std::atomic<int> handlers_waiting{0};
  std::atomic<int> handlers_stopped{0};
  base::Signal release{};

  void open(std::shared_ptr<StreamWriter> stream, const std::shared_ptr<Hub>& self) {
    stream->on_closed([self] { ++self->closed; });
    const std::lock_guard lock(mutex);
    streams.push_back(std::move(stream));
    ++opened;
  }
  std::shared_ptr<StreamWriter> last() {
    const std::lock_guard lock(mutex);
    return streams.back();
  }
};

base::Task<Reply> subscribe(std::shared_ptr<Hub> hub, std::shared_ptr<const Request>) {
  StreamReply reply;
  reply.headers.push_back({"X-Stream", "1"});
  reply.on_open = [hub](std::shared_ptr<StreamWriter> stream) {
    hub->open(std::move(stream), hub);
  };
  co_return Reply(std::move(reply));
}

base::Task<Reply> subscribe_quietly(std::shared_ptr<Hub> hub, std::shared_ptr<const Request>) {
  StreamReply reply;
  reply.keepalive.clear();
  reply.on_open = [hub](std::shared_ptr<StreamWriter> stream) {
    hub->open(std::move(stream), hub);
  };
  co_return Reply(std::move(reply));
}

base::Task<Reply> wait_for_disconnect(std::shared_ptr<Hub> hub,
                                      std::shared_ptr<const Request> request) {
  base::Signal never;
  ++hub->handlers_waiting;
  while (!request->disconnected.stop_requested()) co_await never.wait(request->disconnected);
  ++hub->handlers_stopped;
  co_return Response{};
}

base::Task<Reply> wait_for_release(std::shared_ptr<Hub> hub, std::shared_ptr<const Request>) {
  ++hub->handlers_waiting;
  co_await hub->release.wait();
  ++hub->handlers_stopped;
  co_return Response{.body = "late"};
}

base::Task<Reply> failing_stream(std::shared_ptr<const Request>) {
  StreamReply reply;
  reply.on_open = [](const std::shared_ptr<StreamWriter>&) { throw std::runtime_error("bug"); };
  co_return Reply(std::move(reply));
}

// Opens a stream and first asks `look`.
base::Task<Reply> looking_stream(std::function<void()> look, std::shared_ptr<const Request>) {
  StreamReply reply;
  reply.on_open = [look](const std::shared_ptr<StreamWriter>& stream) {
    look();
    stream->finish();
  };
  co_return Reply(std::move(reply));
}

base::Task<void> replay(std::shared_ptr<StreamWriter> stream, int pages) {
  const SharedBytes event = bytes("data: " + std::string(2000, 'x') + "\n\n");
  for (int page = 0; page < pages; ++page) {
    for (int i = 0; i < 100; ++i) stream->send(event);
    co_await stream->drained();
  }
  stream->finish();
}

class Streams : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { base::log::set_level(base::log::Level::off); }
  Streams() { base::log::set_level(base::log::Level::off); }

  std::vector<Route> routes() {
    return {
        {.pattern = "/events", .handler = std::bind_front(subscribe, hub_)},
        {.pattern = "/quiet", .handler = std::bind_front(subscribe_quietly, hub_)},
        {.pattern = "/failing", .handler = failing_stream},
        {.pattern = "/watched",
         .handler = std::bind_front(wait_for_disconnect, hub_),
         .long_running = true},
        {.pattern = "/held", .handler = std::bind_front(wait_for_release, hub_)},
        {.pattern = "/hello", .handler = testing::echo},
        {.method = Method::post,
         .pattern = "/taken",
         .handler = testing::echo,
         .body_bytes_max = limits::KiB},
    };
  }

  // A subscriber that has read its head, and whose stream is open.
  RawClient subscriber(TestServer& server, const std::string& path = "/events",
                       int receive_buffer_bytes = 0) {
    RawClient client = server.connect(receive_buffer_bytes);
    client.send("GET " + path + " HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_EQ(status_of(client.read_until("\r\n\r\n")), 200);
    if (path != "/failing") ++subscribed_;
    EXPECT_TRUE(eventually([&] { return hub_->opened == subscribed_; }));
    return client;
  }

  void on_lane(TestServer& server, std::function<void()> work) {
    std::atomic<bool> done{false};
    server.lanes[0].post([&] {
      work();
      done = true;
    });
    EXPECT_TRUE(eventually([&] { return done.load(); }));
  }

  std::shared_ptr<Hub> hub_ = std::make_shared<Hub>();
  int subscribed_ = 0;
};

TEST_F(Streams, SendEventsChunkedAndEndCleanly) {
  TestServer server(routes());
  RawClient client = server.connect();
  client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.read_until("\r\n\r\n");
  EXPECT_EQ(header_of(head, "Content-Type"), "text/event-stream");
  EXPECT_EQ(header_of(head, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(header_of(head, "Cache-Control"), "no-cache");
  EXPECT_EQ(header_of(head, "X-Accel-Buffering"), "no");
  EXPECT_EQ(header_of(head, "X-Stream"), "1");
  EXPECT_TRUE(eventually([&] { return hub_->opened == 1; }));
  EXPECT_EQ(server.server.counts().streams_open, 1U);
  const auto stream = hub_->last();
  on_lane(server, [&] {
    EXPECT_TRUE(stream->send(bytes("data: 1\n\n")));
    EXPECT_TRUE(stream->send(bytes("")));
    EXPECT_TRUE(stream->send(bytes("data: " + std::string(300, 'y') + "\n\n")));
    stream->finish();
    EXPECT_TRUE(stream->closed());
    EXPECT_FALSE(stream->send(bytes("data: no\n\n")));
    EXPECT_EQ(hub_->closed, 0) << "never from inside finish()";
  });
  EXPECT_EQ(client.read_to_end(),
            "9\r\ndata: 1\n\n\r\n134\r\ndata: " + std::string(300, 'y') + "\n\n\r\n0\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1; }));
  EXPECT_TRUE(eventually([&] { return server.server.counts().connections_open == 0; }));
  EXPECT_EQ(server.server.counts().streams_open, 0U);
}

// Whoever has read the head may rely on the stream being open: what happens next is in it.
TEST_F(Streams, SendTheirHeadOnlyOnceTheyAreOpen) {
  std::atomic<int> client{-1};
  std::atomic<int> readable{-1};
  const auto look = [&] {
    pollfd socket{.fd = client.load(), .events = POLLIN, .revents = 0};
    readable = ::poll(&socket, 1, 0);
  };
  TestServer server({{.pattern = "/looking", .handler = std::bind_front(looking_stream, look)}});
  RawClient reader = server.connect();
  client = reader.descriptor();
  reader.send("GET /looking HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string response = reader.read_to_end();
  EXPECT_EQ(status_of(response), 200);
  EXPECT_TRUE(response.ends_with("\r\n\r\n0\r\n\r\n")) << response;
  EXPECT_EQ(readable, 0) << "nothing had been sent when the stream opened";
}

TEST_F(Streams, AreDelimitedByTheConnectionInHttp10) {
  TestServer server(routes());
  RawClient client = server.connect();
  client.send("GET /events HTTP/1.0\r\n\r\n");
  EXPECT_EQ(header_of(client.read_until("\r\n\r\n"), "Transfer-Encoding"), "");
  EXPECT_TRUE(eventually([&] { return hub_->opened == 1; }));
  on_lane(server, [&] {
    hub_->last()->send(bytes("data: 1\n\n"));
    hub_->last()->finish();
  });
  EXPECT_EQ(client.read_to_end(), "data: 1\n\n");
}

TEST_F(Streams, HeadSendsHeadersOnlyAndOpensNothing) {
  TestServer server(routes());
  const std::string response = server.exchange("HEAD /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(response), 200);
  EXPECT_EQ(header_of(response, "Content-Type"), "text/event-stream");
  EXPECT_EQ(testing::body_of(response), "");
  EXPECT_EQ(hub_->opened, 0);
}

TEST_F(Streams, NoticeThatTheClientLeft) {
  TestServer server(routes());
  RawClient client = subscriber(server);
  client.send("input that nobody asked for");
  client.close();
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1; }));
  EXPECT_TRUE(hub_->last()->closed());
  EXPECT_TRUE(eventually([&] { return server.server.counts().connections_open == 0; }));
}

TEST_F(Streams, KeepAliveWhenNothingElseIsSent) {
  HttpServerOptions options;
  options.keepalive_interval = 40ms;
  TestServer server(routes(), options);
  RawClient client = subscriber(server);
  EXPECT_EQ(client.read_until(": ping\n\n\r\n"), "8\r\n: ping\n\n\r\n");
  EXPECT_EQ(client.read_until(": ping\n\n\r\n"), "8\r\n: ping\n\n\r\n");
  RawClient quiet = subscriber(server, "/quiet");
  EXPECT_NE(client.read_until(": ping\n\n\r\n"), "");
  EXPECT_NE(client.read_until(": ping\n\n\r\n"), "");
  on_lane(server, [&] { hub_->last()->finish(); });
  EXPECT_EQ(quiet.read_to_end(), "0\r\n\r\n");
}

TEST_F(Streams, AReaderThatFallsTooFarBehindIsCut) {
  TestServer server(routes());
  RawClient client = subscriber(server, "/events", 4096);
  const SharedBytes event = bytes("data: " + std::string(16 * 1024, 'x') + "\n\n");
  on_lane(server, [&] {
    const auto stream = hub_->last();
    int sent = 0;
    while (stream->send(event)) ++sent;
    // The queue's bytes and what the socket took; far from "any number".
    EXPECT_GT(sent, 60);
    EXPECT_LT(sent, 1000);
    EXPECT_TRUE(stream->closed());
    EXPECT_EQ(hub_->closed, 0) << "never from inside send()";
  });
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1; }));
  EXPECT_EQ(server.server.counts().streams_cut_slow, 1U);
  EXPECT_EQ(client.read_to_end().find("0\r\n\r\n"), std::string::npos) << "cut, not ended";
}

TEST_F(Streams, SmallEventsAreLimitedByTheirNumber) {
  TestServer server(routes());
  RawClient client = subscriber(server, "/events", 4096);
  const SharedBytes filler = bytes(std::string(512 * 1024, 'f'));
  on_lane(server, [&] {
    const auto stream = hub_->last();
    stream->send(filler);  // from here on the socket is full
    std::size_t sent = 0;
    while (stream->send(bytes("data: 1\n\n"))) ++sent;
    EXPECT_EQ(sent, limits::stream_queue_events_max - 1);
  });
}

TEST_F(Streams, OneEventMayBeLargerThanTheQueue) {
  TestServer server(routes());
  RawClient client = subscriber(server);
  const std::string large(3 * limits::MiB, 'l');
  on_lane(server, [&] {
    EXPECT_TRUE(hub_->last()->send(bytes(large)));
    EXPECT_TRUE(hub_->last()->send(bytes("after")));
    hub_->last()->finish();
  });
  EXPECT_EQ(testing::unchunk(client.read_to_end()), large + "after");
}

TEST_F(Streams, ALongReplayWaitsForItsReader) {
  TestServer server(routes());
  RawClient client = subscriber(server, "/events", 4096);
  server.lanes[0].spawn("replay", replay(hub_->last(), 20));
  const std::string events = testing::unchunk(client.read_to_end());
  EXPECT_EQ(events.size(), 20U * 100U * 2008U);
  EXPECT_EQ(server.server.counts().streams_cut_slow, 0U);
}

TEST_F(Streams, AStalledReaderIsCut) {
  HttpServerOptions options;
  options.stream_stall_time_max = 60ms;
  TestServer server(routes(), options);
  RawClient client = subscriber(server, "/events", 4096);
  on_lane(server, [&] { hub_->last()->send(bytes(std::string(4 * limits::MiB, 's'))); });
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1; }));
  EXPECT_EQ(server.server.counts().streams_cut_slow, 1U);
}

TEST_F(Streams, AnExceptionWhileOpeningEndsTheStream) {
  TestServer server(routes());
  RawClient client = subscriber(server, "/failing");
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return server.server.counts().connections_open == 0; }));
  EXPECT_EQ(server.server.counts().streams_open, 0U);
}

TEST_F(Streams, AThousandOpenAndCloseWithoutALeak) {
  TestServer server(routes(), {}, {}, 2);
  std::vector<RawClient> clients;
  for (int i = 0; i < 1000; ++i) clients.push_back(subscriber(server));
  EXPECT_TRUE(eventually([&] { return server.server.counts().streams_open == 1000; }));
  clients.clear();
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1000; }));
  EXPECT_TRUE(eventually([&] { return server.server.counts().connections_open == 0; }));
  EXPECT_EQ(server.server.counts().streams_open, 0U);
  // Whoever still holds a writer holds a closed one, and nothing else keeps it alive.
  for (const auto& stream : hub_->streams) {
    EXPECT_TRUE(stream->closed());
    EXPECT_TRUE(eventually([&] { return stream.use_count() == 1; }));
  }
}

TEST_F(Streams, WorkOverTls) {
  const auto files = testing::make_certificate();
  HttpServerOptions options;
  options.tls = {files.certificate_file, files.private_key_file};
  options.keepalive_interval = 40ms;
  TestServer server(routes(), options);
  testing::TlsClient client(server.server.port());
  client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("ok:"), "");
  client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n"), "");
  EXPECT_NE(client.read_until(": ping\n\n\r\n"), "");
  const std::string large(2 * limits::MiB, 'l');
  on_lane(server, [&] {
    EXPECT_TRUE(hub_->last()->send(bytes("data: 1\n\n")));
    EXPECT_TRUE(hub_->last()->send(bytes(large)));
    hub_->last()->finish();
  });
  EXPECT_NE(client.read_until("data: 1\n\n"), "");
  EXPECT_GT(client.read_until("0\r\n\r\n").size(), large.size());
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1; }));
  testing::TlsClient leaving(server.server.port());
  leaving.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(leaving.read_until("\r\n\r\n"), "");
  leaving.close();
  EXPECT_TRUE(eventually([&] { return hub_->closed == 2; }));
}

TEST_F(Streams, PlainBytesOnATlsPortAreTurnedAway) {
  const auto files = testing::make_certificate();
  HttpServerOptions options;
  options.tls = {files.certificate_file, files.private_key_file};
  options.header_time_max = 60ms;
  TestServer server(routes(), options);
  server.exchange("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient silent = server.connect();
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return server.server.counts().connections_open == 0; }));
}

// --- disconnects
// -----------------------------------------------------------------------------------

TEST_F(Streams, AHandlerLearnsThatItsClientLeft) {
  TestServer server(routes());
  RawClient client = server.connect();
  client.send("GET /watched HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return hub_->handlers_waiting == 1; }));
  client.close();
  EXPECT_TRUE(eventually([&] { return hub_->handlers_stopped == 1; }));
}

TEST_F(Streams, AHandlerLearnsItEvenBehindAPipelinedRequest) {
  HttpServerOptions options;
  options.idle_time_max = 200ms;  // for a quick sweep
  TestServer server(routes(), options);
  RawClient client = server.connect();
  client.send("GET /watched HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return hub_->handlers_waiting == 1; }));
  client.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  client.end_sending();
  EXPECT_TRUE(eventually([&] { return hub_->handlers_stopped == 1; }));
  EXPECT_EQ(status_of(client.read_response()), 200);
  EXPECT_EQ(testing::body_of(client.read_response()), "ok:") << "pipelined bytes are not consumed";
}

TEST_F(Streams, WatchingDoesNotDisturbKeepAlive) {
  TestServer server({{.pattern = "/watched", .handler = testing::echo, .long_running = true}});
  RawClient client = server.connect();
  for (int i = 0; i < 50; ++i) {
    client.send("GET /watched HTTP/1.1\r\nHost: x\r\n\r\n");
    ASSERT_EQ(status_of(client.read_response()), 200);
  }
  EXPECT_EQ(server.server.counts().connections_total, 1U);
}

// --- stopping
// --------------------------------------------------------------------------------------

TEST_F(Streams, AGracefulStopFinishesStreamsAndLetsHandlersAnswer) {
  TestServer server(routes());
  RawClient stream = subscriber(server);
  RawClient idle = server.connect();
  idle.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(status_of(idle.read_response()), 200);
  RawClient busy = server.connect();
  busy.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return hub_->handlers_waiting == 1; }));
  on_lane(server, [&] { hub_->last()->send(bytes("data: last\n\n")); });

  std::thread stopping([&] { server.server.stop(std::chrono::milliseconds(testing::patience)); });
  EXPECT_EQ(testing::unchunk(stream.read_to_end()), "data: last\n\n");
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_EQ(hub_->handlers_stopped, 0);
  hub_->release.notify();
  const std::string late = busy.read_to_end();
  EXPECT_EQ(testing::body_of(late), "late");
  EXPECT_EQ(header_of(late, "Connection"), "close");
  stopping.join();
  EXPECT_EQ(server.server.counts().connections_open, 0U);
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1; }));
  EXPECT_THROW(server.connect(), std::runtime_error);
  server.server.stop(0ms);  // idempotent
}

// Nobody works on what has not come: only requests that are whole get time to be answered.
TEST_F(Streams, AStopDoesNotWaitForTheRestOfARequest) {
  TestServer server(routes());
  RawClient head = server.connect();  // half of one behind a whole one
  head.send("GET /hello HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHo");
  EXPECT_EQ(status_of(head.read_response()), 200);
  RawClient body = server.connect();
  body.send("POST /taken HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(status_of(body.read_until("\r\n\r\n")), 100);
  body.send("half");
  RawClient unwanted = server.connect();  // the body of a request that is answered without it
  unwanted.send("POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf");
  EXPECT_EQ(status_of(unwanted.read_response()), 404);

  server.server.stop(std::chrono::hours(1));
  EXPECT_EQ(head.read_to_end(), "");
  const std::string told = body.read_to_end();
  EXPECT_EQ(status_of(told), 503);
  EXPECT_EQ(header_of(told, "Connection"), "close");
  EXPECT_EQ(unwanted.read_to_end(), "");
  EXPECT_EQ(server.server.counts().connections_open, 0U);
}

TEST_F(Streams, AStopDoesNotWaitForAReaderThatTakesNothing) {
  TestServer server(routes());
  RawClient stalled = subscriber(server, "/events", 4096);
  on_lane(server, [&] { hub_->last()->send(bytes(std::string(4 * limits::MiB, 's'))); });
  server.server.stop(std::chrono::hours(1));
  EXPECT_EQ(server.server.counts().streams_cut_slow, 1U);
  EXPECT_EQ(server.server.counts().connections_open, 0U);
}

TEST_F(Streams, AfterTheGraceEverythingIsClosed) {
  TestServer server(routes());
  RawClient held = server.connect();
  held.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient watched = server.connect();
  watched.send("GET /watched HTTP/1.1\r\nHost: x\r\n\r\n");
  RawClient stalled = subscriber(server, "/events", 4096);
  on_lane(server, [&] { hub_->last()->send(bytes(std::string(4 * limits::MiB, 's'))); });
  EXPECT_TRUE(eventually([&] { return hub_->handlers_waiting == 2; }));
  server.server.stop(20ms);
  EXPECT_EQ(held.read_to_end(), "");
  EXPECT_EQ(watched.read_to_end(), "");
  EXPECT_TRUE(eventually([&] { return hub_->closed == 1; }));
  EXPECT_TRUE(eventually([&] { return hub_->handlers_stopped == 1; })) << "told by its stop token";
  hub_->release.notify();
  EXPECT_TRUE(eventually([&] { return hub_->handlers_stopped == 2; }));
  EXPECT_TRUE(eventually([&] { return server.server.counts().connections_open == 0; }));
}

TEST_F(Streams, AHandlerThatNeverEndsDoesNotLeak) {
  TestServer server(routes());
  RawClient held = server.connect();
  held.send("GET /held HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return hub_->handlers_waiting == 1; }));
  // The server and the lanes go while the handler is suspended; the leak checker has the last word.
}

// --- descriptors
// -----------------------------------------------------------------------------------

TEST_F(Streams, AcceptingSurvivesAShortageOfDescriptors) {
  TestServer server(routes());
  EXPECT_EQ(status_of(server.exchange("GET /hello HTTP/1.0\r\n\r\n")), 200);
  EXPECT_TRUE(eventually([&] { return server.server.counts().connections_open == 0; }));
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit low = before;
  low.rlim_cur = 256;
  ::setrlimit(RLIMIT_NOFILE, &low);
  std::vector<int> taken;
  for (int each = 0; (each = ::open("/dev/null", O_RDONLY)) >= 0;) taken.push_back(each);
  ::close(taken.back());
  taken.pop_back();
  RawClient refused = server.connect();  // takes the last descriptor
  EXPECT_EQ(refused.read_to_end(), "");
  for (const int each : taken) ::close(each);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(server.server.counts().connections_refused, 1U);
  EXPECT_EQ(status_of(server.exchange("GET /hello HTTP/1.0\r\n\r\n")), 200);
}

}  // namespace
}  // namespace colonnade::net
