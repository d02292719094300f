// Where a fetch is sent in order to reach what is not public, and how it refuses.
#include <atomic>

#include "core/tools/limits.hpp"
#include "net/http_client.hpp"
#include "net/testing.hpp"
#include "tool_bench.hpp"
#include "tools/builtin/fetch.hpp"

namespace colonnade::tools::testing {
namespace {

using net::testing::TestServer;

constexpr const char* only_public = "only public addresses can be reached";

class EscapeFetch : public ToolBench {
 protected:
  core::ToolOutcome fetch(const std::string& url, std::vector<std::string> private_hosts = {}) {
    FetchTool tool(client_, {.private_hosts = std::move(private_hosts)});
    return call(tool, {{"url", url}});
  }

  net::HttpClient client_{lanes_};
};

struct Attempt {
  const char* name;
  const char* url;
  const char* reason;
};
void PrintTo(const Attempt& attempt, std::ostream* out) { *out << attempt.name; }

class EscapeUrl : public EscapeFetch, public ::testing::WithParamInterface<Attempt> {};

TEST_P(EscapeUrl, FailsAndSaysWhy) { expect_refused(fetch(GetParam().url), GetParam().reason); }

const Attempt attempts[] = {
    {"Loopback", "http://127.0.0.1:1/", "loopback"},
    {"LoopbackElsewhere", "http://127.8.9.10:1/", "loopback"},
    {"LoopbackByName", "http://localhost:1/", "loopback"},
    {"LoopbackByNameWithADot", "http://localhost.:1/", ""},
    {"LoopbackOfIpv6", "http://[::1]:1/", "loopback"},
    {"LoopbackMappedIntoIpv6", "http://[::ffff:127.0.0.1]:1/", "loopback"},
    {"LoopbackMappedInHex", "http://[::ffff:7f00:1]:1/", "loopback"},
    {"LoopbackCompatible", "http://[::127.0.0.1]:1/", "loopback"},
    {"LoopbackByNat64", "http://[64:ff9b::7f00:1]:1/", "loopback"},
    {"PrivateBy6to4", "http://[2002:0a00:0001::]:1/", "private"},
    {"LoopbackInDecimal", "http://2130706433:1/", "loopback"},
    {"LoopbackInHex", "http://0x7f000001:1/", "loopback"},
    {"LoopbackInOctal", "http://0177.0.0.1:1/", "loopback"},
    {"LoopbackInShort", "http://127.1:1/", "loopback"},
    {"ThisNetwork", "http://0.0.0.0:1/", "this-network"},
    {"Unspecified", "http://[::]:1/", "unspecified"},
    {"Private10", "http://10.0.0.1/", "private"},
    {"Private172", "http://172.31.255.255/", "private"},
    {"Private192", "http://192.168.1.1/", "private"},
    {"CarrierNat", "http://100.64.0.1/", "carrier-NAT"},
    {"Metadata", "http://169.254.169.254/latest/meta-data/", "link-local"},
    {"MetadataInDecimal", "http://2852039166/", "link-local"},
    {"MetadataOfAnotherCloud", "http://168.63.129.16/", "metadata"},
    {"MetadataOfIpv6", "http://[fd00:ec2::254]/", "unique-local"},
    {"LinkLocalIpv6", "http://[fe80::1]/", "link-local"},
    {"Multicast", "http://224.0.0.1/", "multicast"},
    {"MulticastIpv6", "http://[ff02::1]/", "multicast"},
    {"Broadcast", "http://255.255.255.255/", "reserved"},
    {"File", "file:///etc/passwd", "must be http or https"},
    {"Gopher", "gopher://127.0.0.1:6379/_INFO", "must be http or https"},
    {"Ftp", "ftp://example.org/", "must be http or https"},
    {"Dict", "dict://127.0.0.1:11211/stats", "must be http or https"},
    {"UserInfo", "http://example.org@127.0.0.1/", "user name or password"},
    {"UserInfoWithPassword", "http://a:b@127.0.0.1/", "user name or password"},
    {"UserInfoAndFragment", "http://127.0.0.1#@example.org/", "loopback"},
    {"BackslashHost", "http://example.org\\@127.0.0.1/", ""},
    {"LineBreak", "http://127.0.0.1/\r\nHost: x", "malformed"},
    {"NoScheme", "//127.0.0.1/", ""},
    {"Nothing", "", "malformed"},
};

INSTANTIATE_TEST_SUITE_P(Case, EscapeUrl, ::testing::ValuesIn(attempts),
                         [](const auto& info) { return info.param.name; });

// Answers every request as `answer` says and counts them.
struct Site {
  explicit Site(std::function<net::Response(const net::Request&)> answer_in)
      : answer(std::move(answer_in)),
        server({net::Route{.method = net::Method::get,
                           .pattern = "/{page}",
                           .handler = [this](std::shared_ptr<const net::Request> request) {
                             return reply(std::move(request));
                           }}}) {}

  base::Task<net::Reply> reply(std::shared_ptr<const net::Request> request) {
    ++requests;
    co_return answer(*request);
  }
  std::string url(const std::string& host, const std::string& page) const {
    return "http://" + host + ":" + std::to_string(server.server.port()) + "/" + page;
  }

  std::function<net::Response(const net::Request&)> answer;
  std::atomic<int> requests = 0;
  TestServer server;
};

net::Response redirect(const std::string& to) {
  return {.status = 302, .headers = {{"Location", to}}};
}

TEST_F(EscapeFetch, AServerOnLoopbackIsNeverAsked) {
  Site site([](const net::Request&) { return net::Response{.body = secret}; });
  expect_refused(fetch(site.url("127.0.0.1", "x")), only_public);
  expect_refused(fetch(site.url("localhost", "x")), only_public);
  EXPECT_EQ(site.requests, 0);
}

TEST_F(EscapeFetch, ARedirectToAPrivateAddressIsJudgedToo) {
  Site site([&](const net::Request& request) {
    if (request.path == "/start") {
      return redirect("http://localhost:" + std::string(request.header("Host")).substr(10) +
                      "/secret");
    }
    return net::Response{.body = secret};
  });
  expect_refused(fetch(site.url("127.0.0.1", "start"), {"127.0.0.1"}), only_public);
  EXPECT_EQ(site.requests, 1);
}

// Hop by hop, as the call it would be, and before anything is sent there.
TEST_F(EscapeFetch, WhereARedirectLeadsIsJudgedBeforeItIsFollowed) {
  Site site([](const net::Request& request) {
    return request.path == "/start" ? redirect("/./%73ecret") : net::Response{.body = secret};
  });
  judge_ = [](base::Json) -> base::Task<base::Result<void>> {
    co_return base::fail(base::ErrorKind::forbidden, "denied (POLICY_DENY): not there");
  };
  expect_refused(fetch(site.url("127.0.0.1", "start"), {"*"}), "not there");
  EXPECT_EQ(site.requests, 1);
  ASSERT_EQ(judged_again_.size(), 1U);
  EXPECT_EQ(judged_again_.front(),
            (base::Json{{"method", "GET"}, {"url", site.url("127.0.0.1", "secret")}}));
  judge_ = {};
  EXPECT_FALSE(fetch(site.url("127.0.0.1", "start"), {"*"}).is_error);
}

TEST_F(EscapeFetch, AUrlHasOneForm) {
  const FetchTool tool(client_, {});
  const auto form = [&](const std::string& url) {
    const auto out =
        tool.canonical({.scope = core::Scope::main()}, {{"url", url}}, core::ArgumentsFrom::model);
    return out ? base::to_text(*out) : out.error().message;
  };
  for (const char* url :
       {"http://example.org/a/secret?q=%C3%A4", "HTTP://EXAMPLE.org:80/a/secret?q=%C3%A4",
        "http://example.org./a/b/../secret?q=%c3%a4#part",
        "http://example.org/%61/%73ecret?q=%C3%A4",
        "http://example.org/a/%2e%2E/a/secret?q=%C3%A4"}) {
    EXPECT_EQ(form(url), R"({"method":"GET","url":"http://example.org/a/secret?q=%C3%A4"})") << url;
  }
  EXPECT_NE(form("http://a@example.org/").find("user name"), std::string::npos);
}

TEST_F(EscapeFetch, AConnectionThatIsAlreadyOpenIsNotReused) {
  Site site([](const net::Request&) { return net::Response{.body = "seen"}; });
  EXPECT_FALSE(fetch(site.url("127.0.0.1", "x"), {"*"}).is_error);
  expect_refused(fetch(site.url("127.0.0.1", "x")), only_public);
  EXPECT_EQ(site.requests, 1);
}

TEST_F(EscapeFetch, ARedirectToAFileOrWithAUserIsRefused) {
  Site site([](const net::Request& request) {
    return redirect(request.path == "/file" ? "file:///etc/passwd" : "http://u@127.0.0.1/");
  });
  expect_refused(fetch(site.url("127.0.0.1", "file"), {"*"}), "must be http or https");
  expect_refused(fetch(site.url("127.0.0.1", "user"), {"*"}), "user name or password");
}

TEST_F(EscapeFetch, RedirectsEnd) {
  Site site([](const net::Request&) { return redirect("/again"); });
  expect_refused(fetch(site.url("127.0.0.1", "x"), {"*"}), "more than 5 redirects");
  EXPECT_EQ(site.requests, 6);
}

TEST_F(EscapeFetch, AProxyOfTheEnvironmentIsNotAsked) {
  Site proxy([](const net::Request&) { return net::Response{.body = secret}; });
  const std::string address = proxy.url("127.0.0.1", "");
  ::setenv("http_proxy", address.c_str(), 1);
  expect_refused(fetch("http://10.0.0.1/x"), only_public);
  ::unsetenv("http_proxy");
  EXPECT_EQ(proxy.requests, 0);
}

TEST_F(EscapeFetch, TextIsShownAndTheRestIsDescribed) {
  Site site([](const net::Request& request) {
    if (request.path == "/page") {
      return net::Response{
          .content_type = "text/html; charset=utf-8",
          .body =
              "<html><head><title>T</title><script>if (a<b) x('</div>')</script></head>"
              "<body><p>One &amp; <b>two</b></p><!-- no --><p a='>'>3&#x20ac;</body>"};
    }
    if (request.path == "/large") {
      return net::Response{.content_type = "text/plain", .body = std::string(3 << 20, 'a')};
    }
    return net::Response{.content_type = "image/png", .body = std::string(10, '\0')};
  });
  const auto page = fetch(site.url("127.0.0.1", "page"), {"127.0.0.1"});
  EXPECT_FALSE(page.is_error);
  EXPECT_TRUE(page.content.ends_with("content-type: text/html\n\nT\nOne & two\n3€"))
      << page.content;
  const auto large = fetch(site.url("127.0.0.1", "large"), {"127.0.0.1"});
  EXPECT_TRUE(large.content.ends_with("[cut here; more follows]"));
  EXPECT_LT(large.content.size(), limits::tool_output_bytes_max);
  EXPECT_TRUE(fetch(site.url("127.0.0.1", "image"), {"127.0.0.1"})
                  .content.ends_with("content-type: image/png\n[not text; 10 bytes]\n"));
}

}  // namespace
}  // namespace colonnade::tools::testing
