#pragma once

#include <string>
#include <string_view>

namespace retort::metrics {

// `text` with every byte that is not part of valid UTF-8, and every NUL, replaced by U+FFFD: one bad label value makes
// Prometheus reject the whole scrape. Line breaks and quotes stay: the serializer escapes them in label values.
std::string valid_utf8(std::string_view text);

// A help text as the text format wants it, which the serializer does not escape: valid UTF-8, "\" as "\\" and a line
// break as "\n".
std::string escaped_help(std::string_view text);

}  // namespace retort::metrics
