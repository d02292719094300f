#include "tool_bench.hpp"
