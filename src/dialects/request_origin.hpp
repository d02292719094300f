// Which names this server answers to, and which web pages may ask it. Browsers say both with every
// request; a page cannot change either.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

// For what needs no credential: true when no web page asks, when it is one of this server's own
// (its origin has the host and port that the request names), or when its origin is one of
// `origins`, as browsers write it; "*" is all of them.
bool is_page_of(const net::Request& request, const std::vector<std::string>& origins);
// What a page is told that may not ask: forbidden, field Origin.
base::Error foreign_page();

// What is looked at in the head of every request, whatever its path.
struct HeadRules {
  // A listener on a loopback address answers to names of this machine only: any other name was
  // pointed here by somebody, perhaps by the owner of a web page (DNS rebinding).
  bool loopback = false;
  std::vector<std::string> hosts{};    // that it answers to besides; "*" for all
  std::vector<std::string> origins{};  // the only ones that may ask besides its own; empty: all
};

// Errors: forbidden with the field Host or Origin, naming the setting.
base::Result<void> check_head(const HeadRules& rules, const net::Request& request);

}  // namespace colonnade::dialects
