#include "net/tls_context.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <string>
#include <string_view>

namespace colonnade::net {

namespace ssl = boost::asio::ssl;

namespace {

// For TLS 1.2; TLS 1.3 has only good ones.
constexpr const char* tls_1_2_ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// This server speaks HTTP/1.1 only; a client that offers nothing of ours is let in all the same.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr std::string_view ours("\x08http/1.1", 9);
  unsigned char* chosen = nullptr;
  const int result =
      SSL_select_next_proto(&chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
                            ours.size(), offered, offered_size);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

auto bad_setting(std::string message, std::string field) {
  return base::fail(base::ErrorKind::invalid, std::move(message), std::move(field));
}

}  // namespace

base::Result<std::unique_ptr<ssl::context>> make_tls_context(const TlsOptions& options) {
  if (options.certificate_file.empty() && options.private_key_file.empty()) return nullptr;
  if (options.certificate_file.empty()) {
    return bad_setting("a private key without a certificate: set tls.certificate_file",
                       "tls.certificate_file");
  }
  if (options.private_key_file.empty()) {
    return bad_setting("a certificate without a private key: set tls.private_key_file",
                       "tls.private_key_file");
  }
  auto context = std::make_unique<ssl::context>(ssl::context::tls_server);
  SSL_CTX* native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_cipher_list(native, tls_1_2_ciphers);
  SSL_CTX_set_alpn_select_cb(native, choose_protocol, nullptr);
  boost::system::error_code error;
  // An encrypted key must fail, not ask on the terminal.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return ""; },
                                 error);
  context->use_certificate_chain_file(options.certificate_file, error);
  if (error) {
    return bad_setting("cannot use tls.certificate_file \"" + options.certificate_file +
                           "\" (a PEM certificate chain): " + error.message(),
                       "tls.certificate_file");
  }
  context->use_private_key_file(options.private_key_file, ssl::context::pem, error);
  if (error) {
    return bad_setting(
        "cannot use tls.private_key_file \"" + options.private_key_file +
            "\" (an unencrypted PEM key that belongs to the certificate): " + error.message(),
        "tls.private_key_file");
  }
  if (SSL_CTX_check_private_key(native) != 1) {
    return bad_setting("tls.private_key_file does not belong to tls.certificate_file",
                       "tls.private_key_file");
  }
  return context;
}

}  // namespace colonnade::net
