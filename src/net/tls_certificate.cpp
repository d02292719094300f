#include "net/tls_certificate.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <chrono>
#include <ctime>
#include <memory>

namespace colonnade::net {

base::Result<base::Time> certificate_expiry(const std::string& file) {
  const std::unique_ptr<BIO, decltype(&BIO_free_all)> bytes(BIO_new_file(file.c_str(), "r"),
                                                            &BIO_free_all);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      bytes ? PEM_read_bio_X509(bytes.get(), nullptr, nullptr, nullptr) : nullptr, &X509_free);
  std::tm until{};
  if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &until) != 1) {
    return base::fail(base::ErrorKind::invalid, file + " holds no certificate (PEM)");
  }
  return base::Time{std::chrono::microseconds(std::chrono::seconds(::timegm(&until))).count()};
}

}  // namespace colonnade::net
