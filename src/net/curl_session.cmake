# The SDK's HTTP client: libcurl alone, no Boost, so that an installed SDK needs none.
colonnade_library(net_curl NO_PCH
  SOURCES curl_session.cpp curl_transfer.cpp loopback.cpp
  LINK colonnade_text Threads::Threads
  LINK_PRIVATE PkgConfig::CURL)
