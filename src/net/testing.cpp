#include "net/testing.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <thread>

namespace colonnade::net::testing {

RawClient::RawClient(std::uint16_t port, int receive_buffer_bytes)
    : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0) {
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes,
                 sizeof receive_buffer_bytes);
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    throw std::runtime_error("cannot connect to the server under test");
  }
  const int on = 1;
  ::setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawClient::~RawClient() { close(); }

RawClient::RawClient(RawClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), buffer_(std::move(other.buffer_)) {}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::end_sending() { ::shutdown(descriptor_, SHUT_WR); }

void RawClient::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

bool RawClient::read_some() {
  pollfd state{.fd = descriptor_, .events = POLLIN, .revents = 0};
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(patience);
  if (::poll(&state, 1, static_cast<int>(limit.count())) <= 0) {
    ADD_FAILURE() << "nothing came from the server in time; so far: " << buffer_.substr(0, 500);
    return false;
  }
  char chunk[16 * 1024];
  const ssize_t got = ::recv(descriptor_, chunk, sizeof chunk, 0);
  if (got <= 0) return false;
  buffer_.append(chunk, static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::read_to_end() {
  while (read_some()) {
  }
  return std::exchange(buffer_, {});
}

std::string RawClient::read_until(std::string_view text) {
  std::size_t found = 0;
  while ((found = buffer_.find(text)) == std::string::npos) {
    if (!read_some()) return {};
  }
  std::string out = buffer_.substr(0, found + text.size());
  buffer_.erase(0, out.size());
  return out;
}

std::string RawClient::read_bytes() {
  if (buffer_.empty() && !read_some()) return {};
  return std::exchange(buffer_, {});
}

std::string RawClient::read_response() {
  std::string out = read_until("\r\n\r\n");
  if (header_of(out, "Transfer-Encoding") == "chunked") return out + read_until("0\r\n\r\n");
  const std::string length_text = header_of(out, "Content-Length");
  const std::size_t length = length_text.empty() ? 0 : std::stoul(length_text);
  while (buffer_.size() < length) {
    if (!read_some()) return {};
  }
  out += buffer_.substr(0, length);
  buffer_.erase(0, length);
  return out;
}

struct TlsClient::State {
  explicit State(std::uint16_t port) : socket(port), context(SSL_CTX_new(TLS_client_method())) {
    session = SSL_new(context);
    SSL_set_fd(session, socket.descriptor());
  }
  ~State() {
    SSL_free(session);
    SSL_CTX_free(context);
  }
  RawClient socket;
  SSL_CTX* context;
  SSL* session;
};

TlsClient::TlsClient(std::uint16_t port) : state_(std::make_unique<State>(port)) {
  if (SSL_connect(state_->session) != 1) throw std::runtime_error("the TLS handshake failed");
}
TlsClient::~TlsClient() = default;

bool TlsClient::send(std::string_view bytes) {
  return SSL_write(state_->session, bytes.data(), static_cast<int>(bytes.size())) > 0;
}

std::string TlsClient::read_until(std::string_view text) {
  std::size_t found = 0;
  while ((found = buffer_.find(text)) == std::string::npos) {
    char chunk[16 * 1024];
    const int got = SSL_read(state_->session, chunk, sizeof chunk);
    if (got <= 0) return {};
    buffer_.append(chunk, static_cast<std::size_t>(got));
  }
  std::string out = buffer_.substr(0, found + text.size());
  buffer_.erase(0, out.size());
  return out;
}

void TlsClient::close() { state_.reset(); }

int status_of(std::string_view response) {
  if (!response.starts_with("HTTP/1.1 ") || response.size() < 12) return 0;
  return std::stoi(std::string(response.substr(9, 3)));
}

std::string body_of(std::string_view response) {
  const std::size_t end = response.find("\r\n\r\n");
  return end == std::string_view::npos ? std::string() : std::string(response.substr(end + 4));
}

std::string header_of(std::string_view response, std::string_view name) {
  std::string_view head = response.substr(0, response.find("\r\n\r\n"));
  while (!head.empty()) {
    const std::size_t end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 2, head.size()));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    if (same_ignoring_case(line.substr(0, colon), name)) return std::string(line.substr(colon + 2));
  }
  return {};
}

std::string unchunk(std::string_view body) {
  std::string out;
  while (!body.empty()) {
    const std::size_t end = body.find("\r\n");
    if (end == std::string_view::npos) break;
    const std::size_t size = std::stoul(std::string(body.substr(0, end)), nullptr, 16);
    out += body.substr(end + 2, size);
    body.remove_prefix(std::min(end + 2 + size + 2, body.size()));
  }
  return out;
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
    ::poll(nullptr, 0, 1);
  }
  return true;
}

TestServer::TestServer(std::vector<Route> routes, HttpServerOptions options,
                       std::vector<ErrorEncoder> error_encoders, std::size_t lane_count)
    : lanes(lane_count), server(lanes, router, std::move(options)) {
  router.add(std::move(routes));
  for (ErrorEncoder& error_encoder : error_encoders) router.add(std::move(error_encoder));
  const auto started = server.start();
  if (!started) throw std::runtime_error(started.error().message);
}

TestServer::~TestServer() { server.stop(std::chrono::milliseconds(0)); }

RawClient TestServer::connect(int receive_buffer_bytes) const {
  return RawClient(server.port(), receive_buffer_bytes);
}

std::string TestServer::exchange(std::string_view request) const {
  RawClient client = connect();
  client.send(request);
  return client.read_to_end();
}

base::Task<Reply> echo(std::shared_ptr<const Request> request) {
  Response response;
  response.content_type = "text/plain";
  response.body = "ok:" + request->body;
  co_return response;
}

ErrorEncoder text_error_encoder(std::string prefix, std::string mark) {
  ErrorEncoder error_encoder;
  error_encoder.prefix = std::move(prefix);
  error_encoder.encode = [mark](const base::Error& error, std::string_view request_id) {
    Response out;
    out.content_type = "text/plain";
    out.body = mark + " " + std::string(base::to_string(error.kind)) + " " + error.message + " [" +
               std::string(request_id) + "]";
    return out;
  };
  return error_encoder;
}

CertificateFiles make_certificate() {
  static std::atomic<int> number{0};
  const std::string stem = ::testing::TempDir() + "colonnade-net-" + std::to_string(::getpid()) +
                           "-" + std::to_string(number++);
  const CertificateFiles out{stem + "-certificate.pem", stem + "-key.pem"};
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), number);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  X509_add_ext(certificate, names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate, key, EVP_sha256());
  if (FILE* file = std::fopen(out.certificate_file.c_str(), "w")) {
    PEM_write_X509(file, certificate);
    std::fclose(file);
  }
  if (FILE* file = std::fopen(out.private_key_file.c_str(), "w")) {
    PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
    std::fclose(file);
  }
  X509_free(certificate);
  EVP_PKEY_free(key);
  return out;
}

}  // namespace colonnade::net::testing
