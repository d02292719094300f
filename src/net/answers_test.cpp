// Answers that nobody reads: bounded in bytes, per account and in total, and in time; and answers
// that are made while they are read.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "net/answer_budget.hpp"
#include "net/testing.hpp"

namespace colonnade::net {
namespace {

using namespace std::chrono_literals;
using testing::body_of;
using testing::eventually;
using testing::header_of;
using testing::RawClient;
using testing::status_of;
using testing::TestServer;

constexpr std::size_t piece_bytes = 64 * limits::KiB;

// Pieces of one letter each, counted as they are asked for.
class Letters final : public BodySource {
 public:
  Letters(int pieces, std::shared_ptr<std::atomic<int>> asked, int failing = -1)
      : pieces_(pieces), asked_(std::move(asked)), failing_(failing) {}
  base::Task<base::Result<Piece>> next() override {
    const int number = asked_->fetch_add(1);
    if (number == failing_) co_return base::fail(base::ErrorKind::internal, "the disk is gone");
    Piece piece{.bytes = std::string(piece_bytes, static_cast<char>('a' + number % 26)),
                .last = number + 1 == pieces_};
    co_return piece;
  }

 private:
  int pieces_;
  std::shared_ptr<std::atomic<int>> asked_;
  int failing_;
};

std::string letters(int pieces) {
  std::string out;
  for (int i = 0; i < pieces; ++i) out.append(piece_bytes, static_cast<char>('a' + i % 26));
  return out;
}

class Answers : public ::testing::Test {
 protected:
  // The account is the last part of the path.
  base::Task<Reply> pieces(std::shared_ptr<const Request> request, int count, int failing = -1) {
    asked_ = std::make_shared<std::atomic<int>>(0);
    Response out{.source = std::make_shared<Letters>(count, asked_, failing)};
    out.account = request->path_parameters.at(0);
    co_return Reply(std::move(out));
  }
  base::Task<Reply> whole(std::shared_ptr<const Request> request, std::size_t bytes) {
    Response out{.body = std::string(bytes, 'x')};
    out.account = request->path_parameters.at(0);
    co_return Reply(std::move(out));
  }
  Route route(std::string pattern, Handler handler) {
    return {.method = Method::get, .pattern = std::move(pattern), .handler = std::move(handler)};
  }
  std::vector<Route> routes() {
    return {
        route("/many/{account}", [this](auto request) { return pieces(request, 400); }),
        route("/few/{account}", [this](auto request) { return pieces(request, 3); }),
        route("/one/{account}", [this](auto request) { return pieces(request, 1); }),
        route("/broken/{account}", [this](auto request) { return pieces(request, 9, 2); }),
        route("/never/{account}", [this](auto request) { return pieces(request, 9, 0); }),
        route("/large/{account}", [this](auto request) { return whole(request, 8 * limits::MiB); }),
        route("/small/{account}", [this](auto request) { return whole(request, 10); }),
    };
  }
  HttpServerOptions options() {
    HttpServerOptions out;
    out.answers = answers_;
    return out;
  }

  std::shared_ptr<AnswerBudget> answers_ = std::make_shared<AnswerBudget>(
      AnswerBudgetOptions{.account_bytes_max = 20 * limits::MiB, .bytes_max = 30 * limits::MiB});
  std::shared_ptr<std::atomic<int>> asked_ = std::make_shared<std::atomic<int>>(0);
};

// --- made while they are read -------------------------------------------------------------------

TEST_F(Answers, SeveralPiecesAreChunksAndOneIsAnOrdinaryBody) {
  const TestServer server(routes(), options());
  RawClient client = server.connect();
  client.send("GET /few/a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string few = client.read_response();
  EXPECT_EQ(header_of(few, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(header_of(few, "Content-Length"), "");
  EXPECT_EQ(testing::unchunk(body_of(few)), letters(3));
  client.send("GET /one/a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string one = client.read_response();
  EXPECT_EQ(header_of(one, "Content-Length"), std::to_string(piece_bytes));
  EXPECT_EQ(body_of(one), letters(1));
  EXPECT_EQ(answers_->held(), 0U);
}

TEST_F(Answers, AnOldClientReadsThePiecesToTheEndOfTheConnection) {
  const TestServer server(routes(), options());
  const std::string answer = server.exchange("GET /few/a HTTP/1.0\r\n\r\n");
  EXPECT_EQ(header_of(answer, "Transfer-Encoding"), "");
  EXPECT_EQ(header_of(answer, "Connection"), "close");
  EXPECT_EQ(body_of(answer), letters(3));
}

TEST_F(Answers, AHeadOfOneHasNoPieces) {
  const TestServer server(routes(), options());
  const std::string answer =
      server.exchange("HEAD /few/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), "");
}

TEST_F(Answers, AnErrorIsSaidBeforeTheHeadAndBreaksTheAnswerOffAfterIt) {
  const TestServer server(routes(), options());
  EXPECT_EQ(
      status_of(server.exchange("GET /never/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")),
      500);
  const std::string broken =
      server.exchange("GET /broken/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_FALSE(broken.ends_with("0\r\n\r\n")) << "the client must see that it has not all";
}

TEST_F(Answers, WhoDoesNotReadIsNotMadeAnythingMoreFor) {
  const TestServer server(routes(), options());
  RawClient client = server.connect(4096);
  client.send("GET /many/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return answers_->held_by("a") > 0; }));
  EXPECT_LE(answers_->held(), 2 * piece_bytes) << "one piece, of 25 MiB";
  EXPECT_LT(asked_->load(), 400);
  const std::string answer = client.read_to_end();
  EXPECT_EQ(testing::unchunk(body_of(answer)), letters(400));
  EXPECT_TRUE(eventually([&] { return answers_->held() == 0; }));
}

// --- bounded ------------------------------------------------------------------------------------

TEST_F(Answers, AnAccountThatDoesNotReadIsRefusedAndTakesNothingFromOthers) {
  const TestServer server(routes(), options());
  std::vector<RawClient> idle;
  const auto large = [&](const std::string& account) {
    idle.push_back(server.connect(4096));
    idle.back().send("GET /large/" + account + " HTTP/1.1\r\nHost: x\r\n\r\n");
  };
  large("a");
  large("a");
  ASSERT_TRUE(eventually([&] { return answers_->held_by("a") == 16 * limits::MiB; }));
  const std::string close = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
  const std::string refused = server.exchange("GET /large/a" + close);
  EXPECT_EQ(status_of(refused), 503);
  EXPECT_EQ(header_of(refused, "Retry-After"), "1");
  EXPECT_EQ(status_of(server.exchange("GET /small/a" + close)), 200);
  EXPECT_EQ(status_of(server.exchange("GET /large/b" + close)), 200);
  large("b");
  ASSERT_TRUE(eventually([&] { return answers_->held_by("b") == 8 * limits::MiB; }));
  EXPECT_EQ(status_of(server.exchange("GET /large/c" + close)), 503) << "30 MiB for all";
  EXPECT_EQ(server.server.counts().answers_cut, 2U);
  idle.clear();
  EXPECT_TRUE(eventually([&] { return answers_->held() == 0; }));
  EXPECT_EQ(status_of(server.exchange("GET /large/c" + close)), 200);
}

TEST_F(Answers, WhoReadsNothingIsCutOffInTime) {
  HttpServerOptions quick = options();
  quick.write_time_max = 50ms;
  const TestServer server(routes(), quick);
  RawClient client = server.connect(4096);
  client.send("GET /large/a HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(eventually([&] { return server.server.counts().answers_cut == 1; }));
  EXPECT_TRUE(eventually([&] { return answers_->held() == 0; }));
}

TEST(AnswerBudgetTest, HoldsAreBoundedPerAccountFirstAndInTotalSecond) {
  AnswerBudget budget({.account_bytes_max = 10, .bytes_max = 15});
  {
    AnswerBudget::Hold a(budget, "a");
    AnswerBudget::Hold also_a(budget, "a");
    AnswerBudget::Hold b(budget, "b");
    EXPECT_TRUE(a.resize(8));
    EXPECT_FALSE(also_a.resize(3));
    EXPECT_TRUE(also_a.resize(2));
    EXPECT_FALSE(b.resize(6)) << "15 in all";
    EXPECT_TRUE(b.resize(5));
    EXPECT_TRUE(a.resize(1));
    EXPECT_EQ(budget.held_by("a"), 3U);
    EXPECT_EQ(budget.held(), 8U);
  }
  EXPECT_EQ(budget.held(), 0U);
}

}  // namespace
}  // namespace colonnade::net
