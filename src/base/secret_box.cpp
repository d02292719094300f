#include "base/secret_box.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>
#include <vector>

#include "base/base64.hpp"

namespace colonnade::base {
namespace {

constexpr std::string_view version = "v1:";
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int length_of(std::string_view text) { return static_cast<int>(text.size()); }

void require(bool done) {
  if (!done) throw std::runtime_error("the cryptographic library failed");
}

std::unexpected<Error> not_ours() {
  return fail(ErrorKind::invalid,
              "a stored secret cannot be opened: it was sealed with another key, or changed");
}

}  // namespace

SecretBox::~SecretBox() { OPENSSL_cleanse(key_.data(), key_.size()); }

SecretBox::Key SecretBox::new_key() {
  Key key;
  require(RAND_bytes(key.data(), static_cast<int>(key.size())) == 1);
  return key;
}

std::string SecretBox::seal(std::string_view secret, std::string_view purpose) const {
  std::vector<unsigned char> out(nonce_bytes + secret.size() + tag_bytes);
  require(RAND_bytes(out.data(), static_cast<int>(nonce_bytes)) == 1);
  const Context context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const raw = context.get();
  int written = 0;
  unsigned char* const sealed = out.data() + nonce_bytes;
  require(raw != nullptr);
  require(EVP_EncryptInit_ex(raw, EVP_aes_256_gcm(), nullptr, key_.data(), out.data()) == 1);
  require(EVP_EncryptUpdate(raw, nullptr, &written, bytes_of(purpose), length_of(purpose)) == 1);
  require(EVP_EncryptUpdate(raw, sealed, &written, bytes_of(secret), length_of(secret)) == 1);
  require(EVP_EncryptFinal_ex(raw, sealed + written, &written) == 1);
  require(EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_GCM_GET_TAG, static_cast<int>(tag_bytes),
                              sealed + secret.size()) == 1);
  return std::string(version) + to_base64({reinterpret_cast<const char*>(out.data()), out.size()});
}

Result<std::string> SecretBox::open(std::string_view sealed, std::string_view purpose) const {
  if (!sealed.starts_with(version)) return not_ours();
  auto in = from_base64(sealed.substr(version.size()));
  if (!in || in->size() < nonce_bytes + tag_bytes) return not_ours();
  const std::size_t size = in->size() - nonce_bytes - tag_bytes;
  auto* const box = reinterpret_cast<unsigned char*>(in->data());
  std::string out(size, '\0');
  const Context context(EVP_CIPHER_CTX_new());
  EVP_CIPHER_CTX* const raw = context.get();
  int written = 0;
  auto* const opened = reinterpret_cast<unsigned char*>(out.data());
  require(raw != nullptr);
  require(EVP_DecryptInit_ex(raw, EVP_aes_256_gcm(), nullptr, key_.data(), box) == 1);
  require(EVP_DecryptUpdate(raw, nullptr, &written, bytes_of(purpose), length_of(purpose)) == 1);
  require(EVP_DecryptUpdate(raw, opened, &written, box + nonce_bytes, static_cast<int>(size)) == 1);
  require(EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_GCM_SET_TAG, static_cast<int>(tag_bytes),
                              box + nonce_bytes + size) == 1);
  if (EVP_DecryptFinal_ex(raw, opened + written, &written) != 1) return not_ours();
  return out;
}

}  // namespace colonnade::base
