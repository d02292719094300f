// What all bodies of Tandem's have in common. Each resource decodes and encodes its own with it.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/result.hpp"
#include "net/http.hpp"

namespace colonnade::dialects::tandem {

// The JSON object of a body; {} when there is none, whatever its type says (tandem §1.3). Errors:
// invalid with the field "body": not JSON, or no object.
base::Result<base::Json> body_of(const net::Request& request);

// The first of `names` that is there and not null; nullptr for none. Clients and versions spell one
// member in several ways.
const base::Json* member(const base::Json& object, std::initializer_list<std::string_view> names);

// The text of the first of `names`; nullopt when none is there. Errors: invalid with the name as
// the field, which error_response() says as 422.
base::Result<std::optional<std::string>> text_member(const base::Json& object,
                                                     std::initializer_list<std::string_view> names);
base::Result<std::optional<bool>> flag_member(const base::Json& object,
                                              std::initializer_list<std::string_view> names);

// A whole number in the query string; nullopt when it is not there. Errors: invalid (400).
base::Result<std::optional<std::int64_t>> number_parameter(const net::Request& request,
                                                           std::string_view name);

// Whether an answer to this request has to end its connection: python-httpx's sync client runs each
// call in an event loop of its own, over one pool of connections (tandem §1.3).
bool ends_connection(const net::Request& request);

// 200 with a JSON text.
net::Response answer(std::string body);
net::Response answer(const base::Json& body);

}  // namespace colonnade::dialects::tandem
