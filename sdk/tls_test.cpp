// Certificates are verified, and Options::http.ca_file names what to trust instead of the system's.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <future>
#include <memory>
#include <string>
#include <string_view>

#include "colonnade/fathom.hpp"
#include "colonnade/transport.hpp"
#include "net/websocket_client.hpp"
#include "sdk/loopback_server.hpp"

namespace colonnade {
namespace {

template <class T, void (*release)(T*)>
struct Release {
  void operator()(T* object) const { release(object); }
};
using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY, EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509, X509_free>>;
using Context = std::unique_ptr<SSL_CTX, Release<SSL_CTX, SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Release<SSL, SSL_free>>;

// A self-signed certificate for 127.0.0.1, valid for an hour.
Certificate sign_self(EVP_PKEY* key) {
  Certificate certificate(X509_new());
  X509* x = certificate.get();
  X509_set_version(x, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
  X509_gmtime_adj(X509_getm_notBefore(x), -60);
  X509_gmtime_adj(X509_getm_notAfter(x), 3600);
  X509_set_pubkey(x, key);
  X509_NAME* name = X509_get_subject_name(x);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("loopback"), -1, -1, 0);
  X509_set_issuer_name(x, name);
  X509V3_CTX context;
  X509V3_set_ctx(&context, x, x, nullptr, nullptr, 0);
  X509_EXTENSION* address =
      X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(x, address, -1);
  X509_EXTENSION_free(address);
  X509_sign(x, key, EVP_sha256());
  return certificate;
}

// Answers one request on each connection, if the handshake gets that far: a WebSocket with one
// message, anything else with no threads.
void answer(SSL_CTX* context, LoopbackConnection& connection) {
  const Session session(SSL_new(context));
  SSL_set_fd(session.get(), connection.fd());
  if (SSL_accept(session.get()) != 1) return;
  char buffer[4096];
  const int got = SSL_read(session.get(), buffer, sizeof buffer);
  if (got <= 0) return;
  const std::string_view request(buffer, static_cast<std::size_t>(got));
  const std::string_view key_name = "Sec-WebSocket-Key: ";
  const auto key = request.find(key_name);
  std::string reply =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{\"threads\":[]}";
  if (key != std::string_view::npos) {
    reply =
        "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
        net::websocket_accept_value(request.substr(key + key_name.size(), 24)) + "\r\n\r\n" +
        net::websocket_frame(net::WebSocketOpcode::text, "in private");
  }
  SSL_write(session.get(), reply.data(), static_cast<int>(reply.size()));
  if (key != std::string_view::npos) SSL_read(session.get(), buffer, sizeof buffer);
}

// A server with a certificate of its own, and a file that says to trust it.
class TlsServer {
 public:
  TlsServer() {
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(ca_file_.c_str(), "w"),
                                                               &std::fclose);
    EXPECT_TRUE(file);
    if (file) PEM_write_X509(file.get(), certificate_.get());
  }
  ~TlsServer() { std::remove(ca_file_.c_str()); }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::string url() const {
    std::string url = server_.url();
    return url.insert(4, "s");
  }
  const std::string& ca_file() const { return ca_file_; }

 private:
  const Key key_{EVP_EC_gen("P-256")};
  const Certificate certificate_ = sign_self(key_.get());
  const Context context_{SSL_CTX_new(TLS_server_method())};
  const std::string ca_file_ = ::testing::TempDir() + "tls-" + std::to_string(::getpid()) + ".pem";
  LoopbackServer server_{
      [this](LoopbackConnection& connection) { answer(context_.get(), connection); }};
};

TEST(Tls, verified_against_the_system_or_the_given_file) {
  const TlsServer server;
  const fathom::Client unknown({.base_url = server.url(), .token = "t"});
  const auto refused = attempt([&] { return unknown.threads.list(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().transport, TransportErrorKind::tls);

  const fathom::Client trusting(
      {.base_url = server.url(), .token = "t", .http = {.ca_file = server.ca_file()}});
  EXPECT_TRUE(trusting.threads.list().empty());
}

TEST(Tls, carries_websockets_and_verifies_for_them_too) {
  const TlsServer server;
  for (const Calling calling : {Calling::blocking, Calling::background}) {
    const auto connect = [&](Transport& transport) {
      std::promise<Result<TransportConnected>> arrived;
      transport.connect({.url = server.url() + "/"}, calling,
                        [&](auto opened) { arrived.set_value(std::move(opened)); });
      return arrived.get_future().get();
    };
    const auto refused = connect(*make_http_transport());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().transport, TransportErrorKind::tls);

    const auto trusting = make_http_transport({.ca_file = server.ca_file()});
    auto opened = connect(*trusting);
    ASSERT_TRUE(opened) << opened.error().message;
    ASSERT_TRUE(opened->socket);
    std::promise<Result<SocketInput>> arrived;
    opened->socket->read({}, [&](auto input) { arrived.set_value(std::move(input)); });
    const auto input = arrived.get_future().get();
    ASSERT_TRUE(input) << input.error().message;
    EXPECT_EQ(input->text, "in private");
  }
}

}  // namespace
}  // namespace colonnade
