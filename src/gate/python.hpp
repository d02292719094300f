// What Python says about a value. Policy files are written for a matcher whose comparisons are
// Python's (faramesh §4.2), so `true == 1`, `" 1e3 "` is a number and text of a list has quotes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gate/value.hpp"

namespace colonnade::gate::python {

// json.dumps(value): `, ` and `: ` between, members in their order, and all but printable ASCII as
// \uXXXX or a short escape.
void append_json(std::string& out, const Value& value);
std::string json(const Value& value);

// The same value without spaces and with its texts as they are. Reads back equal.
void append_compact(std::string& out, const Value& value);
std::string compact(const Value& value);

// str(value). Escaping of characters without a glyph inside lists and objects follows Unicode 14,
// unassigned code points excepted, which stay as they are.
std::string str(const Value& value);

// float(value): numbers, booleans, and text such as "500", " 1e3 ", "nan", "1_000". nullopt where
// Python raises ValueError or TypeError. What is beyond the range of a double becomes an infinity.
std::optional<double> number(const Value& value);

// a == b: numbers and booleans compare by value, objects without regard to order.
bool equal(const Value& a, const Value& b);

// bool(value)
bool truthy(const Value& value);

// str.strip()
std::string_view strip(std::string_view text);

}  // namespace colonnade::gate::python
