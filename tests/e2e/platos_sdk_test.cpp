// The Platos client and its examples on the real server, where they need more than a running one:
// an expired token, buckets that are counted, and a line that breaks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "colonnade/platos.hpp"
#include "platos_sdk.hpp"
#include "program.hpp"

namespace colonnade::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Carries bytes between clients and the server, and resets the first `cuts` lines on which the
// server has said so many tokens.
class BreakingLine {
 public:
  BreakingLine(std::uint16_t server_port, int cuts) : server_port_(server_port), cuts_(cuts) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    EXPECT_EQ(::pipe(wake_), 0);
    thread_ = std::thread([this] { carry(); });
  }
  ~BreakingLine() {
    ::close(wake_[1]);
    thread_.join();
    ::close(wake_[0]);
    ::close(listener_);
  }
  BreakingLine(const BreakingLine&) = delete;
  BreakingLine& operator=(const BreakingLine&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int cuts_made() const { return cuts_made_; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    int tokens = 0;
  };

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    out.sin_port = htons(port);
    return out;
  }

  static void reset(int descriptor) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(descriptor);
  }

  void accept_one() {
    const sockaddr_in address = loopback(server_port_);
    Pair pair{.client = ::accept(listener_, nullptr, nullptr),
              .server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(pair.server);
      ::close(pair.client);
      return;
    }
    pairs_.push_back(pair);
  }

  static bool pass(int from, int to, std::string& bytes) {
    std::array<char, 16 * 1024> buffer;
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) return false;
    bytes.assign(buffer.data(), static_cast<std::size_t>(got));
    return ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL) == got;
  }

  // False when the pair is at its end, which then is closed.
  bool serve(Pair& pair, bool client_speaks, bool server_speaks) {
    std::string bytes;
    if (client_speaks && !pass(pair.client, pair.server, bytes)) return end(pair);
    if (!server_speaks) return true;
    if (!pass(pair.server, pair.client, bytes)) return end(pair);
    for (std::size_t at = bytes.find(mark); at != std::string::npos;
         at = bytes.find(mark, at + 1)) {
      ++pair.tokens;
    }
    if (pair.tokens < tokens_before_a_cut || cuts_made_ == cuts_) return true;
    ++cuts_made_;
    return end(pair);
  }

  static bool end(Pair& pair) {
    reset(pair.client);
    reset(pair.server);
    pair.client = -1;
    return false;
  }

  void carry() {
    for (;;) {
      std::vector<pollfd> waiting{{.fd = wake_[0], .events = POLLIN, .revents = 0},
                                  {.fd = listener_, .events = POLLIN, .revents = 0}};
      for (const Pair& pair : pairs_) {
        waiting.push_back({.fd = pair.client, .events = POLLIN, .revents = 0});
        waiting.push_back({.fd = pair.server, .events = POLLIN, .revents = 0});
      }
      ::poll(waiting.data(), waiting.size(), -1);
      if (waiting[0].revents != 0) break;
      const std::size_t known = pairs_.size();
      if (waiting[1].revents != 0) accept_one();
      for (std::size_t i = 0; i < known; ++i) {
        serve(pairs_[i], waiting[2 + 2 * i].revents != 0, waiting[3 + 2 * i].revents != 0);
      }
      std::erase_if(pairs_, [](const Pair& pair) { return pair.client < 0; });
    }
    for (Pair& pair : pairs_) end(pair);
  }

  static constexpr std::string_view mark = R"("type":"token")";
  static constexpr int tokens_before_a_cut = 5;

  const std::uint16_t server_port_;
  const int cuts_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  int wake_[2] = {-1, -1};
  std::atomic<int> cuts_made_{0};
  std::vector<Pair> pairs_{};  // of the thread
  std::thread thread_;
};

using PlatosSdk = PlatosSdkTest;

TEST_F(PlatosSdk, AnExpiredTokenIsReplacedOnceForACallAndForATurn) {
  start();
  const auto ended = run_example("platos_refresh", server_->url(), session_token("ann", -60));
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("refused with 401"), HasSubstr("Hello."), HasSubstr("Platos 401: ")));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(PlatosSdk, FullBucketsAreTypedErrorsThatSayHowLongToWait) {
  start("  requests_per_user_minute: 40\n  turns_per_user_minute: 2\n");
  const auto ended = run_example("platos_limits", server_->url(), session_token("ann"));
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_THAT(ended.out,
              AllOf(HasSubstr("rate_limit: the next request in"), HasSubstr("the next turn in")));
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(PlatosSdk, ATurnGoesOnOverNewSocketsWhenItsLineBreaks) {
  start();
  constexpr int cuts = 3;
  const BreakingLine line(server_->port(), cuts);
  const auto ended = run_example("platos_reconnect", line.url(), session_token("ann"));
  EXPECT_EQ(ended.code, 0) << ended.out << ended.err;
  EXPECT_EQ(line.cuts_made(), cuts);
  std::string order;
  for (const std::string_view word : {"connected\ndisconnected: ", "reconnecting, attempt 1"}) {
    std::size_t count = 0;
    for (std::size_t at = ended.out.find(word); at != std::string::npos;
         at = ended.out.find(word, at + 1)) {
      ++count;
    }
    EXPECT_EQ(count, cuts) << word << "\n" << ended.out;
  }
  EXPECT_EQ(server_->stop().code, 0);
}

TEST_F(PlatosSdk, BackgroundOperationsAreServed) {
  start();
  platos::Options options;
  options.base_url = server_->url();
  options.session_token = session_token("ann");
  const platos::Client client(options);
  EXPECT_TRUE(client.bgo.tasks.list().empty());
  EXPECT_TRUE(client.bgo.runs.list().empty());
  EXPECT_TRUE(client.bgo.schedules.list().empty());
  const std::vector<std::pair<const char*, std::function<void()>>> calls{
      {"bgo.tasks.trigger", [&] { client.bgo.tasks.trigger("t1"); }},
      {"bgo.runs.get", [&] { client.bgo.runs.get("r1"); }},
      {"bgo.runs.cancel", [&] { client.bgo.runs.cancel("r1"); }},
      {"bgo.runs.replay", [&] { client.bgo.runs.replay("r1"); }},
      {"bgo.schedules.create",
       [&] { client.bgo.schedules.create({.task_id = "t1", .cron = "0 6 * * *"}); }},
      {"bgo.schedules.activate", [&] { client.bgo.schedules.activate("s1"); }},
      {"bgo.schedules.deactivate", [&] { client.bgo.schedules.deactivate("s1"); }},
      {"bgo.schedules.remove", [&] { client.bgo.schedules.remove("s1"); }},
      {"bgo.batches.trigger", [&] { client.bgo.batches.trigger("t1", {Json::object()}); }},
      {"bgo.batches.get", [&] { client.bgo.batches.get("b1"); }}};
  for (const auto& [name, call] : calls) {
    try {
      call();
      ADD_FAILURE() << name << " found something";
    } catch (const platos::NotFoundError& error) {
      EXPECT_EQ(error.status(), 404) << name;
    } catch (const platos::Error& error) {
      ADD_FAILURE() << name << ": " << error.what();
    }
  }
  EXPECT_EQ(server_->stop().code, 0);
}

// The first code of this language on the page.
std::string snippet(const std::string& language) {
  const std::string page =
      read_file(std::string(COLONNADE_SOURCE_DIR) + "/docs/howto/mint-platos-tokens.md");
  const std::string mark = "```" + language + "\n";
  const std::size_t begin = page.find(mark);
  EXPECT_NE(begin, std::string::npos) << language;
  const std::size_t code = begin + mark.size();
  return page.substr(code, page.find("```", code) - code);
}

// How-to pages are read by people who copy: what they copy must count.
TEST_F(PlatosSdk, TokensMadeByTheCodeOfTheHowToCount) {
  start();
  const std::string arguments = "(\"" + std::string(entity_secret) + "\", \"ann\")";
  const std::vector<Arguments> programs{
      {"python3", "-c", snippet("python") + "\nprint(session_token" + arguments + ")"},
      {"node", "-e", snippet("js") + "\nconsole.log(sessionToken" + arguments + ")"}};
  for (const Arguments& program : programs) {
    Process back_end(program, {{"PATH", std::getenv("PATH")}}, folder_.path(), "/usr/bin/env");
    const auto ended = back_end.wait();
    if (ended.code == 127) continue;  // there is no such program here
    ASSERT_EQ(ended.code, 0) << ended.err;
    platos::Options options;
    options.base_url = server_->url();
    options.session_token = ended.out;
    const platos::Client client(options);
    EXPECT_EQ(client.threads.create().user_id, "ann") << program.front();
  }
  EXPECT_EQ(server_->stop().code, 0);
}

// What the client has beside the published clients' calls, once through on the server.
TEST_F(PlatosSdk, AgentsAndThreadsAreArranged) {
  start();
  const platos::Client client(operator_options());
  const auto agent = client.agents.create({.name = "Ann", .system_prompt = "One."});
  EXPECT_EQ(client.agents.update(agent.id, {.system_prompt = "Two."}).system_prompt, "Two.");
  const auto versions = client.agents.list_versions(agent.id);
  ASSERT_EQ(versions.size(), 2U);
  EXPECT_EQ(client.agents.rollback(agent.id, versions.back().id).system_prompt, "One.");
  const auto canary = client.agents.set_canary(agent.id, versions.front().id, 25);
  EXPECT_EQ(canary.extra["canaryPercent"], Json(25));
  client.agents.set_canary(agent.id, "", 0);

  const auto thread = client.threads.create({.agent_id = agent.id, .title = "First"});
  EXPECT_EQ(client.threads.rename(thread.id, "Second").title, "Second");
  EXPECT_EQ(client.threads.rename(thread.id, "").title, std::nullopt);
  EXPECT_EQ(client.threads.set_tags(thread.id, {"red"}).tags, std::vector<std::string>{"red"});
  client.threads.pin(thread.id);
  EXPECT_EQ(client.threads.list({.tag = "red", .pinned = true}).size(), 1U);
  client.threads.unpin(thread.id);
  EXPECT_TRUE(client.threads.list({.pinned = true}).empty());

  const auto answer = client.threads.ask(thread.id, "/say Hello.");
  EXPECT_THAT(answer.content, HasSubstr("Hello."));
  const auto messages = client.threads.messages(thread.id);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages.back().id, answer.message_id);
  EXPECT_TRUE(client.threads.replies(thread.id, messages.back().id).empty());
  EXPECT_THAT(client.threads.edit_and_rerun(thread.id, messages.front().id, "/say Bye.").content,
              HasSubstr("Bye."));
  const auto copy = client.threads.fork(thread.id, {.title = "Copy"});
  EXPECT_NE(copy.id, thread.id);
  EXPECT_EQ(copy.title, "Copy");

  const auto file =
      client.attachments.upload("a,b\n1,2\n", {.mime_type = "text/csv", .name = "Größe.csv"});
  EXPECT_EQ(file.kind, "document");
  EXPECT_EQ(file.original_name, "Größe.csv");
  EXPECT_EQ(client.threads.ask(thread.id, "/say Read.", {.attachment_ids = {file.id}}).stopped,
            false);

  client.threads.stop(thread.id);  // nothing is under way, which is no error
  EXPECT_THROW(client.threads.stop("missing"), platos::NotFoundError);
  client.threads.archive(thread.id);
  EXPECT_EQ(client.threads.list({.archived = platos::Archived::only}).size(), 1U);
  client.agents.remove(agent.id);
  EXPECT_EQ(client.agents.get(agent.id), std::nullopt);
  EXPECT_EQ(server_->stop().code, 0);
}

}  // namespace
}  // namespace colonnade::e2e
