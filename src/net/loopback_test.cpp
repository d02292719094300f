#include "net/loopback.hpp"

#include <gtest/gtest.h>

namespace colonnade::net {
namespace {

TEST(Loopback, TheHostDecides) {
  for (const char* url : {"http://127.0.0.1", "http://127.0.0.1:8790/x", "https://127.8.9.10/",
                          "http://localhost:1", "HTTP://LocalHost/", "http://[::1]:8790/c"}) {
    EXPECT_TRUE(is_loopback_url(url)) << url;
  }
}

TEST(Loopback, TextThatOnlyLooksLikeItDoesNot) {
  for (const char* url :
       {"http://0.0.0.0:1//localhost/", "http://evil.example//127.0.0.1/", "http://localhost.evil/",
        "http://127.0.0.1.evil.example/", "http://127.0.0.1@evil.example/", "http://xlocalhost/",
        "http://evil.example/?x=http://localhost/", "http://[::]/", "http://[2001:db8::1]/", "",
        "http://", "localhost.localdomain"}) {
    EXPECT_FALSE(is_loopback_url(url)) << url;
  }
}

}  // namespace
}  // namespace colonnade::net
