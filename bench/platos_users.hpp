// Users of the Platos dialect: an entity in the server's configuration, and tokens that it has
// made.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/connection.hpp"
#include "setup.hpp"

namespace colonnade::bench {

// The arguments of `serve` that make the entity known; writes its file into the work folder.
std::vector<std::string> with_entity(const Setup& setup);

// Session tokens, each of a user of its own. Throws std::runtime_error when the server makes none.
std::vector<std::string> session_tokens(std::uint16_t port, std::size_t count);

// Header lines of a request with this token.
std::string session_header(std::string_view token);
// A new thread of the token's user.
std::string make_platos_thread(std::uint16_t port, const std::string& token);

}  // namespace colonnade::bench
