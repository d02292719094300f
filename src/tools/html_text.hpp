// The words of an HTML page.
#pragma once

#include <string>
#include <string_view>

namespace colonnade::tools {

// Text without tags, comments, scripts and styles; block elements end a line, the common entities
// and numeric ones are replaced, runs of white space become one. It judges by tags alone: what
// styles hide is there, what scripts would add is not.
std::string html_text(std::string_view html);

}  // namespace colonnade::tools
