// Certificates are verified, and Options::http.ca_file names what to trust instead of the system's.
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

#include "colonnade/fathom.hpp"
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

// Answers one request on each connection, if the handshake gets that far.
void answer(SSL_CTX* context, LoopbackConnection& connection) {
  const Session session(SSL_new(context));
  SSL_set_fd(session.get(), connection.fd());
  if (SSL_accept(session.get()) != 1) return;
  char request[4096];
  if (SSL_read(session.get(), request, sizeof request) <= 0) return;
  const std::string reply =
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 14\r\n\r\n{\"threads\":[]}";
  SSL_write(session.get(), reply.data(), static_cast<int>(reply.size()));
}

TEST(Tls, verified_against_the_system_or_the_given_file) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate = sign_self(key.get());
  const Context context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_use_certificate(context.get(), certificate.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  LoopbackServer server([&](LoopbackConnection& connection) { answer(context.get(), connection); });

  const std::string ca_file = ::testing::TempDir() + "/colonnade_tls_test.pem";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(ca_file.c_str(), "w"),
                                                             &std::fclose);
  ASSERT_TRUE(file);
  PEM_write_X509(file.get(), certificate.get());
  std::fflush(file.get());

  std::string url = server.url();
  url.insert(4, "s");
  const fathom::Client unknown({.base_url = url, .token = "t"});
  const auto refused = attempt([&] { return unknown.threads.list(); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().transport, TransportErrorKind::tls);

  const fathom::Client trusting({.base_url = url, .token = "t", .http = {.ca_file = ca_file}});
  EXPECT_TRUE(trusting.threads.list().empty());
  std::remove(ca_file.c_str());
}

}  // namespace
}  // namespace colonnade
