# The SDK's HTTP client: libcurl alone, no Boost, so that an installed SDK needs none.
colonnade_library(net_curl NO_PCH
  SOURCES curl_session.cpp curl_socket.cpp curl_transfer.cpp loopback.cpp websocket_client.cpp websocket_frames.cpp
  LINK colonnade_text Threads::Threads
  LINK_PRIVATE PkgConfig::CURL)
